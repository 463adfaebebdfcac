"""Random tasks whose classes never overlap, so that most of them have images of every class."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from support.tasks import tasks

from exactcnn.task.model import Alternative, Task, TaskClass

__all__ = ["partition_tasks"]


@st.composite
def partition_tasks(
    draw: st.DrawFn,
    *,
    max_features: int = 3,
    max_side: int = 2,
    max_templates: int = 2,
    max_channels: int = 1,
    generator: bool = False,
) -> Task:
    """A small task whose classes cover every configuration once.

    A decision tree over the features says which class a configuration has; `otherwise` may stand for one of them.
    """
    task = draw(
        tasks(
            max_features=max_features,
            max_side=max_side,
            max_templates=max_templates,
            max_channels=max_channels,
            generator=generator,
        )
    )
    leaves = _leaves(draw, [f.name for f in task.features])
    count = draw(st.integers(2, min(3, len(leaves))))
    owners = [k % count for k in range(len(leaves))]
    owners = draw(st.permutations(owners))
    spare = draw(st.integers(-1, count - 1))
    classes = tuple(
        TaskClass(f"class{k}", (), True)
        if k == spare
        else TaskClass(f"class{k}", tuple(leaf for leaf, owner in zip(leaves, owners, strict=True) if owner == k))
        for k in range(count)
    )
    return replace(task, classes=classes)


def _leaves(draw: st.DrawFn, names: list[str]) -> list[Alternative]:
    """The leaves of a tree that asks for the first feature, and on each side may or may not go on with the rest."""

    def grow(rest: list[str], yes: frozenset[str], no: frozenset[str], *, forced: bool) -> list[Alternative]:
        if not rest or not (forced or draw(st.booleans())):
            return [Alternative(yes, no)]
        name, others = rest[0], rest[1:]
        return grow(others, yes | {name}, no, forced=False) + grow(others, yes, no | {name}, forced=False)

    return grow(names, frozenset(), frozenset(), forced=True)
