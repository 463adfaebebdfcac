# %% exercise-1
answer_1 = 2

# %% exercise-2
images = 2**144
years = images // (10**9 * 31557600)

# %% exercise-3
ONLY_CROSS = '''
[task]
name = "only"
gap = "1/2"
tolerance = "1/16"

[[feature]]
name = "cross"
patch = """
.#.
###
.#.
"""

[[class]]
name = "yes"
requires = ["cross"]

[[class]]
name = "no"
forbids = ["cross"]
'''
# The logits are 1 and 0.
margin = 1

# %% exercise-4
# A ring needs 4 x 4 pixels; a cross and an empty image fit there too.
answer_4 = 4
