"""What `exactcnn explain TASK --plot OUT` draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from exactcnn.cli.common import note, parse_sizes, require_folder
from exactcnn.cli.networks import BatchNormName, read_network
from exactcnn.core.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from exactcnn.core.outcome import Outcome
    from exactcnn.network.model import Network
    from exactcnn.report.plots.theme import Theme
    from exactcnn.task.model import Task

__all__ = ["WHAT", "PlotRequest", "plot"]

WHAT = "features, template:F, detector:F, plane:F, heat:F, network, logits or counterexample"


@dataclass(frozen=True)
class PlotRequest:
    """What the command line asks for.

    Attributes
    ----------
    task, network, image: files; the network is built and there is no image where they are None.
    output: where the picture goes.
    what: one of `WHAT`, F being FEATURE or FEATURE:TEMPLATE.
    size: the sizes that are verified, and the shapes in the network's diagram.
    batch_norm: what becomes of the network's batch normalisation by irrational numbers.
    """

    task: Path
    output: Path
    what: str
    network: Path | None
    image: Path | None
    size: str
    dark: bool
    batch_norm: BatchNormName = BatchNormName.EXACT


def plot(request: PlotRequest) -> None:
    """Draws and writes the picture.

    Raises
    ------
    InputError: matplotlib is not installed, the request makes no sense, or a file cannot be read or written.
    """
    from exactcnn import api

    try:
        from exactcnn.report.plots.theme import DARK, FORMATS, LIGHT, save_figure
    except ImportError:
        raise InputError(
            "pictures need matplotlib, which is not installed", hint="pip install 'exactcnn[plot]'"
        ) from None
    require_folder(request.output)
    if request.output.suffix.lower().removeprefix(".") not in FORMATS:
        raise InputError(
            "not a name for a picture",
            source=str(request.output),
            expected="a name that ends in " + ", ".join(f".{f}" for f in FORMATS),
        )
    task = api.load_task(request.task)
    figure = _figure(request, task, DARK if request.dark else LIGHT)
    save_figure(figure, request.output)
    note(f"wrote {request.output}")


def _figure(request: PlotRequest, task: Task, theme: Theme) -> Figure:
    kind, _, rest = request.what.partition(":")
    makers: dict[str, Callable[[], Figure]] = {
        "features": lambda: _features(task, theme),
        "network": lambda: _network(request, task, theme),
        "logits": lambda: _logits(request, task, theme),
        "counterexample": lambda: _counterexample(request, task, theme),
    }
    if kind in makers and not rest:
        return makers[kind]()
    if kind in ("template", "detector", "plane", "heat") and rest:
        return _of_template(kind, rest, request, task, theme)
    raise InputError("nothing of that name can be drawn", place="--what", found=repr(request.what), expected=WHAT)


def _features(task: Task, theme: Theme) -> Figure:
    from exactcnn.report.plots.templates import features_figure

    return features_figure(task, theme=theme)


def _of_template(kind: str, rest: str, request: PlotRequest, task: Task, theme: Theme) -> Figure:
    from exactcnn.cli.exporting import template_of

    feature, template = template_of(task, rest)
    if kind == "template":
        from exactcnn.report.plots.templates import template_figure

        return template_figure(task, feature, template, theme=theme)
    if kind == "detector":
        from exactcnn.report.plots.detectors import detector_figure

        return detector_figure(task, feature, template, theme=theme)
    if kind == "plane":
        from exactcnn.report.plots.planes import detector_plane_figure

        return detector_plane_figure(task, feature, template, theme=theme)
    if request.image is None:
        raise InputError("an image is needed for a heat map", place="--image", expected="a .png, .npy or .txt file")
    from exactcnn.formats.image_file import read_image
    from exactcnn.report.plots.heat import heat_figure

    image = read_image(request.image, len(task.channels), task.pixel)
    return heat_figure(task, image, feature, template, theme=theme)


def _chosen_network(request: PlotRequest, task: Task) -> Network:
    from exactcnn import api

    return api.build(task) if request.network is None else read_network(request.network, request.batch_norm)


def _network(request: PlotRequest, task: Task, theme: Theme) -> Figure:
    from exactcnn.report.plots.networks import network_figure

    sizes = parse_sizes(request.size)
    size = (sizes.min_height, sizes.min_width) if sizes.is_fixed else None
    return network_figure(_chosen_network(request, task), task, size=size, theme=theme)


def _verified(request: PlotRequest, task: Task) -> tuple[Network, Outcome]:
    from exactcnn import api
    from exactcnn.cli.progress import ProgressDisplay

    network = _chosen_network(request, task)
    with ProgressDisplay("verifying") as progress:
        return network, api.verify(task, network, sizes=parse_sizes(request.size), progress=progress)


def _logits(request: PlotRequest, task: Task, theme: Theme) -> Figure:
    from exactcnn.report.plots.logits import logits_figure, witnesses_figure

    _, outcome = _verified(request, task)
    if outcome.counterexample is not None:
        return logits_figure(outcome.counterexample, task, theme=theme)
    return witnesses_figure(outcome, task, theme=theme)


def _counterexample(request: PlotRequest, task: Task, theme: Theme) -> Figure:
    from exactcnn.report.plots.counterexamples import counterexample_figure

    network, outcome = _verified(request, task)
    return counterexample_figure(outcome, task, network, theme=theme)
