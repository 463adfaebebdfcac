"""Pictures for the pages, drawn by exactcnn while the site is built, on light and on dark ground.

The task is the one that the README shows. In a page,

    ```{picture} detector
    What the picture shows, in words.
    ```
"""

from __future__ import annotations

import posixpath
import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from matplotlib.figure import Figure

from exactcnn import api
from exactcnn.cli.spoiling import spoilt_networks
from exactcnn.report.plots.counterexamples import counterexample_figure
from exactcnn.report.plots.detectors import detector_figure
from exactcnn.report.plots.heat import heat_figure
from exactcnn.report.plots.logits import witnesses_figure
from exactcnn.report.plots.networks import network_figure
from exactcnn.report.plots.planes import detector_plane_figure
from exactcnn.report.plots.templates import features_figure
from exactcnn.report.plots.theme import DARK, LIGHT, Theme, save_figure
from exactcnn.task.generator import generate
from exactcnn.task.model import Task

__all__ = ["draw_all", "with_pictures"]

_DIRECTIVE = re.compile(r"^```\{picture\} (?P<name>[\w-]+)\n(?P<words>.+?)\n```$", re.MULTILINE | re.DOTALL)
_TASK = re.compile(r"^```toml\n(# signs\.toml\n.*?)^```$", re.MULTILINE | re.DOTALL)


def _drawings(task: Task) -> dict[str, Callable[[Theme], Figure]]:
    """All pictures by name."""
    network = api.build(task)
    sample = next(s for s in generate(task, count=50, height=9, width=12, seed=2) if s.configuration == {"cross"})
    proved = api.verify(task, network, workers=1)
    spoilt = next(spoilt_networks(network, task))[0]
    refuted = api.verify(task, spoilt, sizes="6x7", workers=1)
    return {
        "features": lambda theme: features_figure(task, theme=theme),
        "detector": lambda theme: detector_figure(task, "cross", place=(0, 1, 1), theme=theme),
        "plane": lambda theme: detector_plane_figure(task, "cross", first=(0, 1, 1), second=(0, 0, 0), theme=theme),
        "network": lambda theme: network_figure(network, task, theme=theme),
        "heat": lambda theme: heat_figure(task, sample.image, "cross", theme=theme),
        "witnesses": lambda theme: witnesses_figure(proved, task, theme=theme),
        "counterexample": lambda theme: counterexample_figure(refuted, task, spoilt, theme=theme),
    }


def draw_all(readme: Path, folder: Path) -> None:
    """Draws every picture into a folder that need not exist.

    Raises
    ------
    ValueError: the README shows no task.
    """
    shown = _TASK.search(readme.read_text("utf-8"))
    if shown is None:
        raise ValueError(f"{readme} shows no task signs.toml")
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "signs.toml"
        path.write_text(shown[1], "utf-8")
        task = replace(api.load_task(path), source=None)
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in _drawings(task).items():
        for theme in (LIGHT, DARK):
            save_figure(draw(theme), folder / f"{name}-{theme.name}.svg")


def with_pictures(page: str, folder: str) -> str:
    """A page with images in the place of its directives; `folder` is the pictures' place, seen from the site's sources.

    Raises
    ------
    ValueError: there is no such picture.
    """

    def shown(found: re.Match[str]) -> str:
        words = " ".join(found["words"].split())
        alternative = re.sub(r"[*`\[\]]", "", words)
        images = (
            f"![{alternative}]({posixpath.join('/', folder, found['name'])}-{theme}.svg){{.only-{theme} .drawing}}"
            for theme in ("light", "dark")
        )
        return "\n".join(images) + f"\n\n{{.caption}}\n*{words}*\n"

    return _DIRECTIVE.sub(shown, page)
