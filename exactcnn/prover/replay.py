"""Exact replay of images, also of very large ones.

An image that repeats one row (or column) many times has the same *set* of windows and of receptive fields as a
smaller one. Precisely: let S be the stem's stride, R the largest of the receptive field and the windows, and let a
run of at least R + 2S - 1 equal rows lose S of them. A field that ends before the run's last S rows is found in the
smaller image at the same position; every other field starts in or after the run, at least S rows behind the run's
start, and is found one position earlier. The converse is the same argument. What a field sees of the border does not
change either, since a field whose rows all exist is clipped at no level. So global maxima, and which windows exhibit
or are clear of what, can be read off the smaller image; a sum over positions changes by the same amount with each
S rows, so four small images give it at every size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from flint import fmpq

from exactcnn.core.errors import InternalError
from exactcnn.core.outcome import Example, Stretched, Window
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.evaluate import apply_layer
from exactcnn.network.model import GlobalPool, Network
from exactcnn.prover.instance import Instance
from exactcnn.task.decide import Decision, decide

__all__ = ["Replay", "replay"]

_WINDOWS_SHOWN = 1


@dataclass(frozen=True)
class Replay:
    """What the task and the network say of an image."""

    picture: Stretched
    decision: Decision
    logits: tuple[fmpq, ...]

    def example(self, instance: Instance) -> Example:
        """The image as an example; it must be admissible.

        Raises
        ------
        InternalError: it is not.
        """
        if self.decision.label is None or self.decision.configuration is None:
            raise InternalError(f"an image meant to be admissible is not: {self.decision.reason}")
        found = [s for s in self.decision.statuses if s.state == "contains"]
        return Example(
            self.picture,
            self.decision.label,
            tuple(s.name for s in found),
            tuple(self._stretched(w, instance) for s in found for w in s.exhibiting[:_WINDOWS_SHOWN]),
            self.logits,
        )

    def shortened(self) -> Replay:
        """The same without what was found of features that the image does not contain."""
        contained = tuple(s for s in self.decision.statuses if s.state == "contains")
        return replace(self, decision=replace(self.decision, statuses=contained))

    def lead(self, instance: Instance) -> fmpq:
        """The label's logit minus the largest other: not positive where the network is wrong."""
        index = [c.name for c in instance.task.classes].index(self.decision.label or "")
        return self.logits[index] - max(v for i, v in enumerate(self.logits) if i != index)

    def _stretched(self, window: Window, instance: Instance) -> Window:
        """The window's place in the whole image (the decision was made on the shrunk one)."""
        small = shrunk(instance, self.picture)
        return Window(
            window.feature,
            window.template,
            _unshrunk(window.row, small.height, self.picture.height, self.picture.row % self.picture.core.shape[1]),
            _unshrunk(window.column, small.width, self.picture.width, self.picture.column % self.picture.core.shape[2]),
        )


def replay(instance: Instance, picture: Stretched) -> Replay:
    """Decides the image and evaluates the network on it, exactly."""
    return Replay(picture, decide(instance.task, shrunk(instance, picture).image()), _logits(instance, picture))


def shrunk(instance: Instance, picture: Stretched) -> Stretched:
    """A smaller image with the same windows and fields; see the module's text."""
    rows, columns = instance.task.largest_window
    stem = instance.stem
    return picture.resized(
        _shrunk(picture.core.shape[1], picture.height, max(stem.rows.field, rows), stem.rows.stride),
        _shrunk(picture.core.shape[2], picture.width, max(stem.columns.field, columns), stem.columns.stride),
    )


def _shrunk(core: int, length: int, reach: int, stride: int) -> int:
    """The least length that can be reached by taking `stride` rows out of a long enough run, again and again."""
    run = length - core + 1
    excess = run - (reach + 2 * stride - 1)
    return length if excess < 0 else length - (excess // stride + 1) * stride


def _unshrunk(start: int, small: int, length: int, place: int) -> int:
    """Windows that start after the repeated row move with the end of the image."""
    return start if start <= place else start + length - small


def _logits(instance: Instance, picture: Stretched) -> tuple[fmpq, ...]:
    network = instance.pixel_network
    cut = next(i for i, layer in enumerate(network.layers) if isinstance(layer, GlobalPool))
    pool = network.layers[cut]
    small = shrunk(instance, picture)
    if isinstance(pool, GlobalPool) and pool.kind == "max":
        value = _pooled(network, cut, small, "max")
    else:
        value = _summed(instance, network, cut, picture, small)
        if isinstance(pool, GlobalPool) and pool.kind == "mean":
            size = network.output_size(picture.height, picture.width)
            if size is None:
                raise InternalError("a network was replayed at a size where it is not defined")
            value = value.scaled(fmpq(1, size[0] * size[1]))
    for layer in network.layers[cut + 1 :]:
        value = apply_layer(layer, value)
    return tuple(value[0].rationals())


def _pooled(network: Network, cut: int, picture: Stretched, kind: str) -> ExactTensor:
    value = picture.image()
    value = value.reshape(1, *value.shape)
    for layer in network.layers[:cut]:
        value = apply_layer(layer, value)
    return apply_layer(GlobalPool("max" if kind == "max" else "sum"), value)


def _summed(instance: Instance, network: Network, cut: int, picture: Stretched, small: Stretched) -> ExactTensor:
    """Sums over positions: bilinear in the numbers of repeated steps down and to the right."""
    down, right = instance.stem.rows.stride, instance.stem.columns.stride
    steps_down, steps_right = (picture.height - small.height) // down, (picture.width - small.width) // right

    def at(i: int, j: int) -> ExactTensor:
        return _pooled(network, cut, small.resized(small.height + i * down, small.width + j * right), "sum")

    corner = at(0, 0)
    total = corner
    first = at(1, 0) - corner if steps_down else None
    second = at(0, 1) - corner if steps_right else None
    if first is not None:
        total = total + first.scaled(steps_down)
    if second is not None:
        total = total + second.scaled(steps_right)
    if first is not None and second is not None:
        mixed = at(1, 1) - corner - first - second
        total = total + mixed.scaled(steps_down * steps_right)
    return total
