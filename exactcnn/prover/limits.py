"""What the checker's format has no room for (`exactcnn/checker/FORMAT.md`): better said before the work than after."""

from __future__ import annotations

from exactcnn.network.model import Conv2d, Dense
from exactcnn.prover.instance import Instance

__all__ = ["LARGEST", "MOST_WEIGHTS", "beyond_the_checker"]

LARGEST = 512
"""Of windows, steps, paddings and fields along an axis."""
MOST_WEIGHTS = 2 * 10**7
"""In a layer."""


def beyond_the_checker(instance: Instance) -> str | None:
    """Why no certificate of this instance can be checked; None if nothing stands in the way."""
    for name, axis in (("rows", instance.stem.rows), ("columns", instance.stem.columns)):
        sides = [axis.field, axis.stride, -axis.origin]
        for level in axis.levels:
            sides += [level.kernel, level.stride, level.before, level.after]
        largest = max(sides)
        if largest > LARGEST:
            return f"the checker takes fields, steps and paddings of up to {LARGEST} {name}; there is one of {largest}"
    for feature in instance.task.features:
        if max(feature.height, feature.width) > LARGEST:
            return f'the checker takes windows of up to {LARGEST} pixels a side; that of "{feature.name}" is larger'
    for layer in instance.network.layers:
        if isinstance(layer, Conv2d | Dense) and layer.weight.size > MOST_WEIGHTS:
            return f"the checker takes up to {MOST_WEIGHTS} weights in a layer; there are {layer.weight.size} in one"
    return None
