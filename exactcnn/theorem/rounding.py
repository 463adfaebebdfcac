"""How far float32 execution of a network can be from exact arithmetic (IEEE 754 binary32, rounding to nearest).

The standard model: each operation's result is exact times (1 + d) with |d| <= 2^-24, plus at most 2^-150 where it
underflows. A sum of n terms in any order, with fused multiply-add or without, then loses at most n + 1 such factors
(Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., section 3.1). ReLUs and maxima are exact and
no error grows through them. The kernel does the same by its own code (`exactcnn/checker/FORMAT.md`, "float32").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flint import fmpq

from exactcnn.core.errors import InputError
from exactcnn.core.rational import format_rational
from exactcnn.network.model import AvgPool2d, Conv2d, Dense, GlobalPool, InputUnit, Network, ReLU
from exactcnn.task.model import PixelRange
from exactcnn.theorem.facts import PoolingRule
from exactcnn.theorem.stem import Unsupported

__all__ = ["Rounding", "rounding_of"]

_ZERO = fmpq(0)
_DIGITS = 24
_LARGEST = fmpq(2) ** 126
_UNDERFLOW = fmpq(1, 2) ** 148
_MOST_ROUNDINGS = 1 << 23


@dataclass(frozen=True)
class _Channel:
    """Bounds of a channel's exact values, and of how far computed ones are from them."""

    low: fmpq
    high: fmpq
    error: fmpq

    @property
    def size(self) -> fmpq:
        """The largest magnitude of a computed value."""
        return max(-self.low, self.high) + self.error


@dataclass(frozen=True)
class _Sum:
    """A weighted sum of channels and a bias, over `divisor`."""

    terms: tuple[tuple[int, fmpq], ...]
    bias: fmpq


@dataclass(frozen=True)
class Rounding:
    """A bound of |computed logit - exact logit| on images whose numbers are float32, or multiples of `step`."""

    error: fmpq
    step: fmpq | None


def rounding_of(network: Network, pixel: PixelRange, pooling: PoolingRule, step: fmpq | None) -> Rounding:
    """How far float32 execution can be from exact arithmetic on images whose numbers, as they are read, are float32.

    Parameters
    ----------
    pooling: how many positions there are.
    step: a power of two of which all numbers read are integer multiples, if they are; then the error is often 0: all
        intermediate results are float32 numbers, whatever the order of summation.

    Raises
    ------
    InputError: a weight is no (normal) float32 number, or `step` is no power of two of at most 1.
    Unsupported: the number of positions summed has no limit, or numbers may overflow.
    """
    if step is not None and not (step.p == 1 and _power_of_two(int(step.q))):
        raise InputError("not a step of float32 images", found=format_rational(step), expected="1, or 1/2^n")
    if network.unit is InputUnit.BYTE:
        low, high = _ZERO, fmpq(255)
    else:
        low, high = pixel.low, pixel.high
    state = _State([_Channel(low, high, _ZERO)] * network.channels, step)
    for number, layer in enumerate(network.layers):
        match layer:
            case ReLU():
                state.channels = [_Channel(max(_ZERO, c.low), max(_ZERO, c.high), c.error) for c in state.channels]
            case Conv2d() | Dense():
                _require_float32(layer, number)
                if isinstance(layer, Conv2d) and any(layer.padding):
                    state.pad()
                state.sum(_sums(layer), _common(layer), 1)
            case AvgPool2d(kernel=(rows, columns)):
                if any(layer.padding):
                    state.pad()
                cells = rows * columns
                state.sum([_Sum(((k, fmpq(1)),) * cells, _ZERO) for k in range(len(state.channels))], 1, cells)
            case GlobalPool(kind=kind) if kind != "max":
                _global(state, pooling)
    return Rounding(max(c.error for c in state.channels), step)


class _State:
    def __init__(self, channels: list[_Channel], step: fmpq | None) -> None:
        self.channels, self.step = channels, step

    def pad(self) -> None:
        """Zeros may be read, too."""
        self.channels = [_Channel(min(_ZERO, c.low), max(_ZERO, c.high), c.error) for c in self.channels]

    def sum(self, sums: Sequence[_Sum], common: int, divisor: int, more: int = 0) -> None:
        """Sums over a divisor; all weights are multiples of 1/common."""
        sizes = [abs(s.bias) + sum((abs(w) * self.channels[k].size for k, w in s.terms), _ZERO) for s in sums]
        if max(sizes) >= _LARGEST:
            raise Unsupported("float32 execution may overflow")
        after = None if self.step is None else self.step / (common * divisor)
        exact = (
            after is not None
            and _power_of_two(common * divisor)
            and after >= fmpq(1) / _LARGEST
            and max(sizes) <= after * divisor * (1 << _DIGITS)
        )
        self.step = after if exact else None
        self.channels = [
            self._channel(s, size, divisor, len(s.terms) + 2 + more, exact) for s, size in zip(sums, sizes, strict=True)
        ]

    def _channel(self, total: _Sum, size: fmpq, divisor: int, roundings: int, exact: bool) -> _Channel:
        if roundings >= _MOST_ROUNDINGS:
            raise Unsupported("too many numbers are summed for a bound of float32's rounding")
        low = high = total.bias
        error = _ZERO
        for k, w in total.terms:
            channel = self.channels[k]
            ends = (channel.low, channel.high) if w > 0 else (channel.high, channel.low)
            low, high, error = low + w * ends[0], high + w * ends[1], error + abs(w) * channel.error
        if not exact:
            error += size * fmpq(roundings, (1 << _DIGITS) - roundings) + divisor * roundings * _UNDERFLOW
        return _Channel(low / divisor, high / divisor, error / divisor)


def _global(state: _State, pooling: PoolingRule) -> None:
    number = pooling.most
    if number is None:
        raise Unsupported(f"a {pooling.kind} over any number of positions has no bound of float32's rounding")
    if pooling.kind == "mean" and pooling.least != number:
        state.step = None
    state.channels = [
        _Channel(min(_ZERO, c.low * number), max(_ZERO, c.high * number), c.error * number) for c in state.channels
    ]
    sums = [_Sum(((k, fmpq(1)),), _ZERO) for k in range(len(state.channels))]
    state.sum(sums, 1, number if pooling.kind == "mean" else 1, number)


def _sums(layer: Conv2d | Dense) -> list[_Sum]:
    found = []
    for o in range(layer.weight.shape[0]):
        row = layer.weight[o]
        size = 1
        for n in row.shape[1:]:
            size *= n
        terms = [(i // size, w) for i, w in enumerate(row.rationals()) if w != 0]
        found.append(_Sum(tuple(terms), layer.bias.item(o)))
    return found


def _weights(layer: Conv2d | Dense) -> Iterator[fmpq]:
    yield from layer.weight.rationals()
    yield from layer.bias.rationals()


def _common(layer: Conv2d | Dense) -> int:
    """The common denominator of weights that are all dyadic: the largest one."""
    return max(int(w.q) for w in _weights(layer))


def _require_float32(layer: Conv2d | Dense, number: int) -> None:
    for w in _weights(layer):
        if not _is_float32(w):
            raise InputError(
                "float32 execution needs weights that float32 holds",
                place=f"layer {number}",
                found=format_rational(w),
                expected="a multiple of a power of two with at most 24 binary digits",
                hint="`exactcnn build` makes such weights unless it is asked for rational ones",
            )


def _is_float32(value: fmpq) -> bool:
    if value == 0:
        return True
    p, q = abs(int(value.p)), int(value.q)
    exponent = p.bit_length() - q.bit_length()
    return _power_of_two(q) and (p // (p & -p)).bit_length() <= _DIGITS and -126 <= exponent <= 126


def _power_of_two(n: int) -> bool:
    return n & (n - 1) == 0
