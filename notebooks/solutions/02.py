# %% exercise-1
# Up to 1/16 the pixel fits; half a unit further the excess is the gap.
answer_1 = {Q(1, 16), Q(9, 16)}

# %% exercise-2
answer_2 = 8

# %% exercise-3
# All pixels inside their intervals but the middle one, which lacks 1/4.
answer_3 = [
    [Q(0), Q(1), Q(0)],
    [Q(1), Q(15, 16) - Q(1, 4), Q(1)],
    [Q(0), Q(1), Q(0)],
]


# %% exercise-4
def pair_detector(left, right):
    return max(Q(0), 1 - 2 * (max(Q(0), Q(15, 16) - left) + max(Q(0), right - Q(1, 16))))
