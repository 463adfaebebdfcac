"""Configurations that satisfy exactly one class, found by search: exact, and quick with thousands of features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from exactcnn.task.effort import Effort
from exactcnn.task.model import Alternative, Task, TaskClass

__all__ = ["Room", "configurations", "first_configuration", "first_of_alternative"]

_NO_ALTERNATIVE = Alternative()


@dataclass(frozen=True)
class Room:
    """A limit on what a configuration may need: the features' needs may add up to `limit` at most."""

    needs: Mapping[str, int]
    limit: int

    def holds(self, names: frozenset[str]) -> bool:
        """Whether these features together keep within the limit."""
        return sum(self.needs[name] for name in names) <= self.limit


_Node = tuple[frozenset[str], frozenset[str]]


@dataclass(frozen=True)
class _Search:
    """Looks for the sets of features in which no foe holds (see `configurations` for the rest).

    Attributes
    ----------
    order: all features, in the order in which they are tried.
    foes: the alternatives that have to fail.
    """

    order: Sequence[str]
    foes: tuple[Alternative, ...]
    effort: Effort
    room: Room | None
    extend: bool

    def run(self, chosen: frozenset[str], banned: frozenset[str]) -> Iterator[frozenset[str]]:
        """The sets that hold all of `chosen` and none of `banned`."""
        # A stack of its own: a set may grow by more features than Python nests calls.
        stack: list[Iterator[_Node]] = [iter(((chosen, banned),))]
        while stack:
            node = next(stack[-1], None)
            if node is None:
                stack.pop()
                continue
            chosen, banned = node
            self.effort.spend()
            if self.room is not None and not self.room.holds(chosen):
                continue
            # `chosen` only grows, so a foe that holds now can fail only through one of the features it forbids.
            foe = next((a for a in self.foes if a.holds(chosen)), None)
            if foe is None:
                yield chosen
            if foe is not None or self.extend:
                stack.append(self._children(chosen, banned, foe))

    def _children(self, chosen: frozenset[str], banned: frozenset[str], foe: Alternative | None) -> Iterator[_Node]:
        """One more feature each, any or one that ends the foe; later ones ban the earlier, so that none comes twice."""
        for name in self.order:
            if name not in chosen and name not in banned and (foe is None or name in foe.forbids):
                yield chosen | {name}, banned
                banned |= {name}


def configurations(
    task: Task,
    effort: Effort,
    *,
    label: str | None = None,
    include: frozenset[str] = frozenset(),
    exclude: frozenset[str] = frozenset(),
    order: Sequence[str] | None = None,
    room: Room | None = None,
    extend: bool = True,
) -> Iterator[frozenset[str]]:
    """Configurations that satisfy exactly one class, contain `include` and avoid `exclude`; none twice.

    Parameters
    ----------
    label: the class to satisfy; None for any.
    order: all features, in the order in which they are tried; None for the task's order.
    room: leaves out the configurations that need more.
    extend: True for all of them; False for enough that every one contains a listed one of its own class: quick, and
        empty exactly when there is none.

    Raises
    ------
    OutOfEffortError: the search became too long.
    """
    ordered = [f.name for f in task.features] if order is None else order
    for task_class in task.classes:
        if label is not None and task_class.name != label:
            continue
        foes = tuple(a for c in task.classes if c is not task_class for a in c.alternatives)
        search = _Search(ordered, foes, effort, room, extend)
        for number, host in enumerate(_hosts(task_class)):
            chosen, banned = include | host.requires, exclude | host.forbids
            if chosen & banned:
                continue
            for found in search.run(chosen, banned):
                if not any(earlier.holds(found) for earlier in task_class.alternatives[:number]):
                    yield found


def _hosts(task_class: TaskClass) -> tuple[Alternative, ...]:
    """The ways to be of the class once every other class fails; `otherwise` asks for nothing more."""
    return task_class.alternatives or (_NO_ALTERNATIVE,)


def first_configuration(
    task: Task,
    effort: Effort,
    *,
    label: str | None = None,
    include: frozenset[str] = frozenset(),
    exclude: frozenset[str] = frozenset(),
    order: Sequence[str] | None = None,
    room: Room | None = None,
) -> frozenset[str] | None:
    """One of `configurations`, with few features; None when there is none.

    Raises
    ------
    OutOfEffortError: the search became too long.
    """
    found = configurations(
        task, effort, label=label, include=include, exclude=exclude, order=order, room=room, extend=False
    )
    return next(found, None)


def first_of_alternative(
    task: Task,
    effort: Effort,
    *,
    label: str,
    host: Alternative,
    include: frozenset[str],
    order: Sequence[str],
    room: Room,
) -> frozenset[str] | None:
    """A configuration with few features that satisfies this alternative of a class and no other class.

    It may satisfy other alternatives of its class, too, but none of their features are added for their sake.

    Raises
    ------
    OutOfEffortError: the search became too long.
    """
    foes = tuple(a for c in task.classes if c.name != label for a in c.alternatives)
    chosen = include | host.requires
    if chosen & host.forbids:
        return None
    return next(_Search(order, foes, effort, room, extend=False).run(chosen, host.forbids), None)
