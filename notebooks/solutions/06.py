# %% exercise-1
multipliers = (1, 1)

# %% exercise-2
multipliers = (1, 2)

# %% exercise-3
# Any value that is at most 1/4 and not the one that stands there.
pixel = Q(1, 7)

# %% exercise-4
answer_4 = set()
