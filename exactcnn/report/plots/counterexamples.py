"""A counterexample beside a right image near it."""

from __future__ import annotations

from matplotlib.figure import Figure

from exactcnn.core.errors import InputError
from exactcnn.core.outcome import Outcome
from exactcnn.network.model import Network
from exactcnn.report.near_misses import near_misses
from exactcnn.report.plots.cells import mark
from exactcnn.report.plots.logits import draw_example_image, draw_logits
from exactcnn.report.plots.nearby import Nearby, nearby_right
from exactcnn.report.plots.theme import LIGHT, Theme, fraction_text, new_figure, shown, title
from exactcnn.report.wording import winners
from exactcnn.task.model import Task

__all__ = ["counterexample_figure"]


def counterexample_figure(outcome: Outcome, task: Task, network: Network, *, theme: Theme = LIGHT) -> Figure:
    """The image that the network gets wrong, and one near it that it gets right; pixels that differ are framed.

    The right image is the nearest that a search from a few images found (see `nearby`), not the nearest there is.

    Raises
    ------
    InputError: the outcome has no counterexample.
    """
    wrong = outcome.counterexample
    if wrong is None:
        raise InputError(
            "there is no counterexample to draw", found=f"the verdict {outcome.verdict.value}", expected="REFUTED"
        )
    names = [c.name for c in task.classes]
    near = nearby_right(task, network, wrong)
    taken = " and ".join(shown(n, 16) for n in winners(wrong.logits, names))
    heading = f"REFUTED: this is {shown(wrong.label, 20)}, and the network says {taken}"
    columns = 1 if near is None else 2
    figure = new_figure(theme, 6.0 * columns, 7.4, heading)
    axes = figure.subplots(2, columns, squeeze=False, height_ratios=(2, 1))
    draw_example_image(axes[0, 0], wrong, task, theme, nearly=near_misses(wrong, task))
    title(axes[0, 0], "the counterexample", theme, weight="bold")
    draw_logits(axes[1, 0], wrong.logits, names, wrong.label, theme)
    if near is not None:
        draw_example_image(axes[0, 1], near.example, task, theme)
        title(axes[0, 1], _nearby_text(near, task), theme, weight="bold")
        places = sorted({(row, column) for _, row, column in near.changed})
        for ax in axes[0] if len(task.channels) in (1, 3) else ():
            # The same on both themes: it is drawn on the image, not on the paper.
            mark(ax, places, LIGHT.fourth)
        draw_logits(axes[1, 1], near.example.logits, names, near.example.label, theme)
    return figure


def _nearby_text(near: Nearby, task: Task) -> str:
    count, word = len(near.changed), "pixel" if len(task.channels) == 1 else "number"
    differ = f"1 {word} differs" if count == 1 else f"{count} {word}s differ"
    return f"right ({shown(near.example.label, 16)}): {differ}, by {fraction_text(near.distance)}"
