from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import sympy
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tasks import images, tasks
from support.tiny import drawn, feature, one_class, task

from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.network import unroll
from exactcnn.network.construct import build_network
from exactcnn.network.evaluate import evaluate
from exactcnn.network.model import AvgPool2d, Conv2d, Dense, Flatten, GlobalPool, InputUnit, MaxPool2d, Network, ReLU
from exactcnn.network.symbolic import (
    detector,
    evaluate_expressions,
    excess,
    network_expressions,
    pixel_symbol,
    symbolic_network,
    to_latex,
)
from exactcnn.task.model import Task

ONE = fmpq(1)
RATIONALS = st.builds(fmpq, st.integers(-9, 9), st.sampled_from([1, 2, 3, 7, 256]))


def small_task() -> Task:
    features = [feature("bar", "##", tolerance="1/10"), feature("spot", "#", "?")]
    return task(features, [one_class("A", "bar"), one_class("B", "spot", "bar")])


@st.composite
def tensors(draw: st.DrawFn, *shape: int) -> ExactTensor:
    count = int(np.prod(shape))
    return ExactTensor.from_rationals(draw(st.lists(RATIONALS, min_size=count, max_size=count))).reshape(*shape)


def by_tensors(network: Network, image: ExactTensor) -> list[fmpq]:
    return evaluate(network, image.reshape(1, *image.shape)).rationals()


def assert_agree(network: Network, image: ExactTensor) -> None:
    """Sympy, step by step and composed, against the tensors."""
    expected = by_tensors(network, image)
    assert symbolic_network(network, *image.shape[1:]).evaluate(image) == expected
    assert evaluate_expressions(network_expressions(network, *image.shape[1:]), image) == expected


# -- networks ---------------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(
    tasks(max_features=2, max_side=2),
    st.sampled_from([*product(["dyadic", "rational"], InputUnit)]),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.data(),
)
def test_built_networks(task: Task, build: tuple[str, InputUnit], size: tuple[int, int], data: st.DataObject) -> None:
    """On images of the task and on arbitrary rationals, in and out of the pixel range."""
    network = build_network(task, arithmetic=build[0], unit=build[1])
    assert_agree(network, data.draw(images(task, height=size[0], width=size[1])))
    assert_agree(network, data.draw(tensors(len(task.channels), *size)))


@settings(max_examples=25)
@given(
    st.data(),
    st.sampled_from(["max", "sum", "mean", "flatten"]),
    st.sampled_from(["max", "average", "none"]),
    st.tuples(*(st.integers(0, 1) for _ in range(4))),
    st.tuples(st.integers(1, 2), st.integers(1, 2)),
)
def test_every_kind_of_layer(
    data: st.DataObject, last: str, pool: str, padding: tuple[int, int, int, int], stride: tuple[int, int]
) -> None:
    """Random weights, strides and paddings; pools in the middle, dense layers one after another."""
    first = Conv2d(data.draw(tensors(2, 1, 2, 2)), data.draw(tensors(2)), stride, padding)
    middle = {"max": [MaxPool2d((2, 1), (1, 1), (1, 0, 1, 0))], "average": [AvgPool2d((2, 2), stride, padding)]}
    stem = [first, *([ReLU()] if data.draw(st.booleans()) else []), *middle.get(pool, [])]
    height, width = 3, 4
    rows, columns = Network((*stem, GlobalPool()), 1).output_size(height, width) or (0, 0)
    if rows * columns == 0:
        return
    inputs = 2 * rows * columns if last == "flatten" else 2
    out = Flatten() if last == "flatten" else GlobalPool(last)
    head = [Dense(data.draw(tensors(2, inputs)), data.draw(tensors(2))), ReLU()]
    head += [Dense(data.draw(tensors(2, 2)), data.draw(tensors(2))) for _ in range(2)]
    assert_agree(Network((*stem, out, *head), 1), data.draw(tensors(1, height, width)))


def test_a_spoilt_network_gives_other_expressions() -> None:
    """The agreement above is no accident: one changed weight shows."""
    network = build_network(small_task())
    second = network.layers[2]
    assert isinstance(second, Conv2d)
    changed = replace(second, bias=second.bias + ExactTensor.from_rationals([fmpq(-1, 2), 0]))
    spoilt = Network((*network.layers[:2], changed, *network.layers[3:]), 1)
    image = ExactTensor.from_integers([[[0, 1, 1]]])
    found = evaluate_expressions(network_expressions(spoilt, 1, 3), image)
    assert found == by_tensors(spoilt, image)
    assert found != by_tensors(network, image)


def test_a_deep_network() -> None:
    """150 ReLUs on top of each other."""
    plus = Dense(ExactTensor.from_integers([[1]]), ExactTensor.from_rationals([fmpq(1, 3)]))
    network = Network((GlobalPool(), *(layer for _ in range(150) for layer in (plus, ReLU()))), 1)
    assert_agree(network, ExactTensor.from_integers([[[0, 5]]]))
    assert evaluate_expressions(network_expressions(network, 1, 2), ExactTensor.zeros((1, 1, 2))) == [fmpq(50)]


# -- detectors --------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(tasks(max_features=2), st.data())
def test_detectors_and_excess(task: Task, data: st.DataObject) -> None:
    """In both forms: the excess is the box's own, and the detector is max(0, 1 - excess/gap)."""
    one = data.draw(st.sampled_from(task.features))
    number = data.draw(st.integers(0, len(one.templates) - 1))
    window = data.draw(images(task, height=one.height, width=one.width))
    distance = one.templates[number].excess(window)
    expressions = [
        make(task, one.name, number, form=form) for make in (excess, detector) for form in ("max", "piecewise")
    ]
    level = max(fmpq(0), 1 - distance / one.gap)
    assert evaluate_expressions(expressions, window) == [distance, distance, level, level]


@settings(max_examples=20)
@given(tasks(max_features=2), st.sampled_from(InputUnit), st.sampled_from([fmpq(0), fmpq(1, 4)]), st.data())
def test_detectors_are_what_the_built_stem_computes(
    task: Task, unit: InputUnit, slack: fmpq, data: st.DataObject
) -> None:
    network = build_network(task, unit=unit, slack=slack)
    stem = Network(network.layers[:5], network.channels, unit)
    names = [(f.name, i) for f in task.features for i in range(len(f.templates))]
    place = data.draw(st.integers(0, len(names) - 1))
    name, number = names[place]
    one = task.features[task.feature_index[name]]
    window = data.draw(images(task, height=one.height, width=one.width))
    if unit is InputUnit.BYTE:
        span = task.pixel.high - task.pixel.low
        window = (window - ExactTensor.full((), task.pixel.low)).scaled(255 / span)
    built = detector(task, name, number, arithmetic="dyadic", slack=slack, unit=unit)
    # Every other position of so small an image sees a part of the window only, and is 0.
    assert evaluate_expressions([built], window) == [by_tensors(stem, window)[place]]


def test_a_detector_reads_as_in_the_design() -> None:
    bar = detector(small_task(), "bar")
    x, y = pixel_symbol(0, 0, 0), pixel_symbol(0, 0, 1)
    assert str(bar) == "Max(0, 1 - 2*(Max(0, 9/10 - x_{0,0,0}) + Max(0, 9/10 - x_{0,0,1})))"
    assert bar.free_symbols == {x, y}
    assert to_latex(bar) == (
        r"\max\left(0, 1 - 2 \left(\max\left(0, \frac{9}{10} - x_{0,0,0}\right)"
        r" + \max\left(0, \frac{9}{10} - x_{0,0,1}\right)\right)\right)"
    )
    assert to_latex(excess(small_task(), "spot", form="piecewise")) == (
        r"\begin{cases} \frac{7}{8} - x_{0,0,0} & \text{for}\: x_{0,0,0} < \frac{7}{8} \\0 & \text{otherwise}"
        r" \end{cases}"
    )


def test_a_large_piecewise_detector_stays_small() -> None:
    """Sympy folds conditions that hold a Piecewise into 3^n cases; ours must not."""
    large = task([feature("f", *["#.#.#"] * 5)], [one_class("A", "f"), one_class("B", "", "f")])
    expression = detector(large, "f", form="piecewise")
    assert sympy.count_ops(expression) < 1000
    window = drawn(*["#.#.#"] * 5).centre()
    assert evaluate_expressions([expression], window) == [ONE]


def test_a_detector_of_don_t_cares_is_one() -> None:
    free = task([feature("f", "??")], [one_class("A", "f"), one_class("B", "", "f")])
    for form in ("max", "piecewise"):
        assert (excess(free, "f", form=form), detector(free, "f", form=form)) == (0, 1)


# -- LaTeX ------------------------------------------------------------------------------------------------------------


def test_latex_of_a_network() -> None:
    """Every line; sets and hashes in sympy must not leak into the order."""
    network = build_network(small_task())
    assert to_latex(symbolic_network(network, 1, 2)) == "\n".join(
        [
            r"\begin{align*}",
            r"h^{(1)}_{0,0,0} &= \max\left(0, \frac{7}{8} - x_{0,0,0}\right) \\",
            r"h^{(1)}_{0,0,1} &= \max\left(0, \frac{7}{8} - x_{0,0,1}\right) \\",
            r"h^{(3)}_{0,0,0} &= \max\left(0, - 4 h^{(1)}_{0,0,0} - 4 h^{(1)}_{0,0,1} + 1\right) \\",
            r"h^{(3)}_{0,0,1} &= \max\left(0, - 4 h^{(1)}_{0,0,1}\right) \\",
            r"h^{(3)}_{1,0,0} &= \max\left(0, - 2 h^{(1)}_{0,0,0}\right) \\",
            r"h^{(3)}_{1,0,1} &= \max\left(0, - 2 h^{(1)}_{0,0,1}\right) \\",
            r"h^{(4)}_{0} &= \max\left(h^{(3)}_{0,0,0}, h^{(3)}_{0,0,1}\right) \\",
            r"h^{(4)}_{1} &= \max\left(h^{(3)}_{1,0,0}, h^{(3)}_{1,0,1}\right) \\",
            r"h^{(6)}_{0} &= \max\left(0, 1 - h^{(4)}_{0}\right) \\",
            r"h^{(6)}_{1} &= \max\left(0, 1 - h^{(4)}_{1}\right) \\",
            r"h^{(8)}_{0} &= \max\left(0, 1 - h^{(6)}_{0}\right) \\",
            r"h^{(8)}_{1} &= \max\left(0, h^{(6)}_{0} - h^{(6)}_{1}\right) \\",
            r"y_{0} &= h^{(8)}_{0} \\",
            r"y_{1} &= h^{(8)}_{1}",
            r"\end{align*}",
        ]
    )
    first = network_expressions(network, 1, 1)[0]
    assert to_latex(first) == (
        r"\max\left(0, 1 - \max\left(0, 1 - \max\left(0, - 4 \max\left(0, \frac{7}{8} - x_{0,0,0}\right)\right)"
        r"\right)\right)"
    )


# -- refusals ---------------------------------------------------------------------------------------------------------


def test_unknown_features_and_templates() -> None:
    for make in (excess, detector):
        with pytest.raises(InputError, match=r'no such feature.*"cross".*"bar", "spot"'):
            make(small_task(), "cross")
        for number in (1, -1):
            with pytest.raises(InputError, match='feature "bar" has no such template') as caught:
                make(small_task(), "bar", number)
            assert "expected 0 to 0" in str(caught.value)


def test_sizes_that_are_too_large() -> None:
    network = build_network(small_task())
    with pytest.raises(InputError, match="too many terms") as caught:
        symbolic_network(network, 10**5, 10**5)
    assert "100000x100000" in str(caught.value)
    with pytest.raises(InputError, match="too many terms"):
        network_expressions(network, 10**5, 10**5)


def test_written_out_lengths_are_guarded_by_themselves() -> None:
    """Doubling at every layer: few steps, but a written form of 2^60 terms."""
    twice = Dense(ExactTensor.from_integers([[1, 1], [1, 1]]), ExactTensor.from_integers([0, 1]))
    network = Network((GlobalPool(), *(layer for _ in range(60) for layer in (twice, ReLU()))), 2)
    image = ExactTensor.from_integers([[[1]], [[2]]])
    assert symbolic_network(network, 1, 1).evaluate(image) == by_tensors(network, image)
    with pytest.raises(InputError, match="the expressions would have too many terms"):
        network_expressions(network, 1, 1)


def test_padding_counts_as_size(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = Conv2d(ExactTensor.full((1, 1, 1, 1), 1), ExactTensor.zeros((1,)), (10**6, 10**6), (10**6, 0, 0, 10**6))
    with pytest.raises(InputError, match="the network would have too many terms"):
        symbolic_network(Network((wide, GlobalPool()), 1), 1, 1)
    monkeypatch.setattr(unroll, "MOST_TERMS", 27)
    assert len(symbolic_network(build_network(small_task()), 1, 1).logits) == 2
    with pytest.raises(InputError, match="at 1x2; expected at most 27"):
        symbolic_network(build_network(small_task()), 1, 2)


def test_sizes_at_which_the_network_is_not_defined() -> None:
    network = Network((Conv2d(ExactTensor.zeros((1, 1, 2, 2)), ExactTensor.zeros((1,))), GlobalPool()), 1)
    with pytest.raises(InputError, match="not defined at this size; found 1x5 images"):
        symbolic_network(network, 1, 5)


def test_images_of_the_wrong_shape() -> None:
    network = build_network(small_task())
    with pytest.raises(InputError, match="another shape"):
        symbolic_network(network, 2, 2).evaluate(ExactTensor.zeros((1, 2, 3)))
    with pytest.raises(InputError, match="no such pixel"):
        evaluate_expressions([detector(small_task(), "bar")], ExactTensor.zeros((1, 1, 1)))
    with pytest.raises(InputError, match="not one image"):
        evaluate_expressions([detector(small_task(), "bar")], ExactTensor.zeros((2, 1, 2, 2)))
