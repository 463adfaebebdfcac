# %% exercise-1
answer_1 = Q(labelled, 250)

# %% exercise-2
page = [[Q(0)] * 30 for _ in range(20)]
for i in range(8):
    for j in range(8):
        page[5 + i][7 + j] = images[admissible[0]].item(0, i, j)

# %% exercise-3
answer_3 = None

# %% exercise-4
answer_4 = "b"
