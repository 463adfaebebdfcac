# %% exercise-1
answer_1 = 2

# %% exercise-2
# Each pixel lacks 15/16 - 3/4 = 3/16, together 3/4; 1 - (3/4)/(1/2) is negative, so the detector is 0.
answer_2 = [Q(0), Q(1)]


# %% exercise-3
def exactly_one(a, b):
    return max(0, a - b) + max(0, b - a)


# %% exercise-4
answer_4 = picture("####", "#..#", "#..#", "####")
