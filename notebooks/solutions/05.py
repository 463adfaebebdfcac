# %% exercise-1
padding = (0, 0, 3, 0)

# %% exercise-2
# More severe than necessary: a pixel that fits still costs nothing.
value = -3

# %% exercise-3
# The excess is 15/16 - 7/16 = 1/2, so the image avoids the cross; the network computes 1 - 1/2 = 1/2.
rows = [[0, 1, 0], [1, Q(7, 16), 1], [0, 1, 0]]

# %% exercise-4
# The lead is 1 - bias on crosses and rings, and bias on the others.
bias, margin = Q(1, 2), Q(1, 2)
