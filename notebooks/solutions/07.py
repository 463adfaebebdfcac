# %% exercise-1
ruled_out = {"1/100": True, "1/200": False}

# %% exercise-2
background = 1
row, column = 0, 0

# %% exercise-3
# One window of the convolution, 4 x 4, has to fit.
answer_3 = 4

# %% exercise-4
answer_4 = "b"
