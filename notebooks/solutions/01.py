# %% exercise-1
# Only the middle is off: it is 0 and should be at least 15/16.
answer_1 = Q(15, 16)

# %% exercise-2
# The excess is 15/16 - x, which has to be at least 1/2.
answer_2 = Q(7, 16)

# %% exercise-3
answer_3 = picture(
    "####....",
    "#..#....",
    "#..#....",
    "####....",
    "........",
    "........",
    "########",
)

# %% exercise-4
answer_4 = picture(".#.", "##8", ".#.")
