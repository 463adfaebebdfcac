"""The layers made so far, and what is known of the numbers ("slots") that come out of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor, concatenate
from exactcnn.formats.onnx_import.graph import MAX_NUMBERS
from exactcnn.formats.onnx_import.values import Forms
from exactcnn.network.model import NO_PADDING, Conv2d, Dense, GlobalPool, Layer, Padding, Pair

__all__ = ["MAX_WORK", "Chain", "check_count", "identity", "matrix", "substituted"]

MAX_WORK = 10**8
"""The most multiplications of Python integers that joining two layers may take."""


def identity(width: int) -> Forms:
    """Each slot itself."""
    return tuple(map(Affine.variable, range(width)))


class Chain:
    """A network in the making.

    Attributes
    ----------
    layers: so far.
    width: the number of slots; None after flattening images of open size.
    nonnegative: by slot, whether it is known to be >= 0.
    vector: whether places are gone (a global pool or flatten came).
    size: rows and columns of places; None where the file leaves them open.
    flattened: (K, h, w) if the slots are the h*w places of K channels each, still to be gathered by the next layer.
    size_used: whether the layers mean what the file means at its own image size only.
    rewritten: whether the layers are other operations than the file's, equal in exact arithmetic only.
    """

    def __init__(self, channels: int, size: tuple[int | None, int | None]) -> None:
        self.layers: list[Layer] = []
        self.width: int | None = channels
        self.nonnegative = [False] * channels
        self.vector = False
        self.size = size
        self.flattened: tuple[int, int, int] | None = None
        self.size_used = False
        self.rewritten = False
        self._padded_only = False
        self._one_place = False
        self._weights = 0

    def use_size(self) -> None:
        """Notes that what follows rests on the image's size."""
        self.size_used = True

    def is_identity(self, forms: Forms | None) -> bool:
        """Whether the forms are the slots, one by one, and no layer is still to be made to get them."""
        if forms is None:
            return True
        return self.flattened is None and len(forms) == self.width and forms == identity(len(forms))

    @property
    def joins(self) -> bool:
        """Whether a map of the slots can be joined to the last layer."""
        return self.flattened is not None or self._joinable() is not None

    def _joinable(self) -> tuple[int, Conv2d | Dense] | None:
        """The layer that a map of the slots can be joined to, and its number: the last, or the last but a maximum.

        Over one place the maximum is that place's value.
        """
        number = len(self.layers) - (2 if self._one_place else 1)
        layer = self.layers[number] if number >= 0 else None
        return (number, layer) if isinstance(layer, (Conv2d, Dense)) and not self._padded_only else None

    def add(self, layer: Layer) -> None:
        """Appends a layer that keeps the slots' number."""
        self.layers.append(layer)
        self._padded_only = self._one_place = False

    def emit(self, forms: Sequence[Affine]) -> None:
        """Makes these forms the slots: joined to the last layer where that is a convolution or dense."""
        width = self.known_width()
        known = [self._is_nonnegative(f) for f in forms]
        found = self._joinable() if self.flattened is None else None
        # A bias that is added right after a layer without one is one order of the layer's own sum.
        only_bias = found is not None and not found[1].bias.nonzero().any() and _only_shifts(forms, width)
        self.rewritten = self.rewritten or not only_bias
        if found is not None and self._cheap(forms, found[1]):
            number, last = found
            weight, bias = _joined(forms, last)
            self._weights += weight.size - last.weight.size
            if isinstance(last, Conv2d):
                self.layers[number] = Conv2d(weight, bias, last.stride, last.padding)
            else:
                self.layers[number] = Dense(weight, bias)
            self.width = len(forms)
        else:
            check_count((len(forms), width))
            weight, bias = matrix(forms, width)
            self.linear(weight.reshape(*weight.shape, 1, 1), bias)
        self.nonnegative = known

    def _is_nonnegative(self, form: Affine) -> bool:
        return form.constant >= 0 and all(c > 0 and self.nonnegative[v] for v, c in form.terms)

    def linear(
        self,
        weight: ExactTensor,
        bias: ExactTensor,
        stride: Pair = (1, 1),
        padding: Padding = NO_PADDING,
        *,
        padded_only: bool = False,
    ) -> None:
        """A convolution of the slots: weight (O, width, a, b), bias (O,). After the places are gone, a dense layer.

        `padded_only` says that it does nothing but pad with zeros, so that the next convolution can do that as well.
        """
        outputs = weight.shape[0]
        gathering, self._one_place = self.flattened is not None, False
        if self.flattened is not None:
            channels, rows, columns = self.flattened
            self.layers += [Conv2d(weight.reshape(outputs, channels, rows, columns), bias), GlobalPool("max")]
            self.flattened = None
        elif self.vector:
            self.layers.append(Dense(weight[:, :, 0, 0], bias))
        else:
            last = self.layers[-1] if self.layers else None
            if self._padded_only and isinstance(last, Conv2d):
                # Zeros around, and then again zeros around: padded once by both.
                self.layers.pop()
                self._weights -= last.weight.size
                padding = tuple(a + b for a, b in zip(padding, last.padding, strict=True))  # type: ignore[assignment]
            self.layers.append(Conv2d(weight, bias, stride, padding))
        self._weights += weight.size
        check_count((self._weights,))
        self._padded_only, self._one_place = padded_only, gathering
        self.width, self.nonnegative = outputs, [False] * outputs

    def leave(self, pool: Layer, width: int | None, *, one_place: bool = False) -> None:
        """Appends the layer after which there are no places; whether there was just one before."""
        self.add(pool)
        self._one_place = one_place
        self.vector, self.width, self.size = True, width, (1, 1)

    def gather(self, rows: int, columns: int) -> None:
        """Flattens places: slot k*h*w + i*w + j is what was slot k at (i, j)."""
        width = self.known_width()
        self.flattened = width, rows, columns
        self.nonnegative = [known for known in self.nonnegative for _ in range(rows * columns)]
        self.width = len(self.nonnegative)
        self.vector, self.size = True, (1, 1)

    def known_width(self) -> int:
        """The number of slots.

        Raises
        ------
        InputError: it depends on the image's size.
        """
        if self.width is None:
            raise InputError(
                "an operator after a flatten of images of open size",
                expected="a dense layer first",
                hint="Fix the image size in the model",
            )
        return self.width

    def _cheap(self, forms: Sequence[Affine], last: Conv2d | Dense) -> bool:
        each = math.prod(last.weight.shape[1:])
        return sum(len(f.terms) for f in forms) * each <= MAX_WORK and len(forms) * each <= MAX_NUMBERS


def _only_shifts(forms: Sequence[Affine], width: int) -> bool:
    return len(forms) == width and all(f == Affine.variable(i).shifted(f.constant) for i, f in enumerate(forms))


def check_count(shape: Iterable[int]) -> None:
    """Raises InputError for more weights than a network's text form may have."""
    count = math.prod(shape)
    if count > MAX_NUMBERS:
        raise InputError("too many weights", found=str(count), expected=f"at most {MAX_NUMBERS}")


def _integer_terms(forms: Sequence[Affine]) -> tuple[list[list[tuple[int, int]]], int]:
    """The forms' terms over one denominator."""
    denominator = math.lcm(*(int(c.q) for f in forms for _, c in f.terms))
    return [[(v, int(c.p) * (denominator // int(c.q))) for v, c in f.terms] for f in forms], denominator


def matrix(forms: Sequence[Affine], width: int) -> tuple[ExactTensor, ExactTensor]:
    """Weight (R, width) and bias (R,) of the forms."""
    rows, denominator = _integer_terms(forms)
    array = np.zeros((len(forms), width), dtype=object)
    for row, terms in zip(array, rows, strict=True):
        for slot, coefficient in terms:
            row[slot] = coefficient
    return ExactTensor.from_integers(array, denominator), _constants(forms)


def _constants(forms: Sequence[Affine]) -> ExactTensor:
    return ExactTensor.from_rationals([f.constant for f in forms], (len(forms),))


def _joined(forms: Sequence[Affine], last: Conv2d | Dense) -> tuple[ExactTensor, ExactTensor]:
    """Weight and bias of the layer that computes the forms of the last layer's outputs."""
    shape = last.weight.shape
    rows = concatenate([last.weight.reshape(shape[0], -1), last.bias.reshape(-1, 1)], axis=1)
    total = _combined(forms, rows).reduced()
    weight, bias = total[:, :-1], total[:, -1]
    return weight.reshape(len(forms), *shape[1:]).reduced(), (bias + _constants(forms)).reduced()


def _combined(forms: Sequence[Affine], rows: ExactTensor) -> ExactTensor:
    """The linear parts of the forms, each slot being a row: (R, n) from rows (K, n)."""
    one = fmpq(1)
    if all(len(f.terms) == 1 and f.terms[0][1] == one for f in forms):
        return rows[[f.terms[0][0] for f in forms]]
    terms, denominator = _integer_terms(forms)
    numerators = rows.integers()
    result = np.zeros((len(forms), rows.shape[1]), dtype=object)
    for row, pairs in zip(result, terms, strict=True):
        for slot, coefficient in pairs:
            row += numerators[slot] if coefficient == 1 else coefficient * numerators[slot]
    return ExactTensor.from_integers(result, rows.denominator * denominator)


def substituted(weight: ExactTensor, forms: Forms, width: int) -> tuple[ExactTensor, ExactTensor]:
    """A convolution of the forms as one of the slots.

    Parameters
    ----------
    weight: (O, C, a, b).
    forms: C of them, over `width` slots.

    Returns
    -------
    Weight (O, width, a, b), and what the forms' constants add to an output (O,) where no place is padded.
    """
    outputs, channels, rows, columns = weight.shape
    check_count((outputs, width, rows, columns))
    each = weight.transpose(1, 0, 2, 3).reshape(channels, outputs * rows * columns)
    columns_of: list[list[tuple[int, fmpq]]] = [[] for _ in range(width)]
    for channel, form in enumerate(forms):
        for slot, coefficient in form.terms:
            columns_of[slot].append((channel, coefficient))
    total = _combined([Affine.of(terms) for terms in columns_of], each) if width else each
    moved = total.reshape(width, outputs, rows, columns).transpose(1, 0, 2, 3).reduced()
    sums = weight.sum((2, 3))
    constants = _constants(forms).reshape(channels, 1)
    return moved, sums.matmul(constants).reshape(outputs)
