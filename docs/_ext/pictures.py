"""Pictures for the pages, drawn by exactcnn while the site is built, on light and on dark ground; and example pages.

The task is the one that the README shows. In a page,

    ```{picture} detector
    What the picture shows, in words.
    ```

stands for a picture, and `[words](example:explore.html)` leads to an example page.
"""

from __future__ import annotations

import posixpath
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from matplotlib.figure import Figure

from exactcnn import api
from exactcnn.cli.spoiling import spoilt_networks
from exactcnn.core.outcome import Outcome
from exactcnn.network.model import Network
from exactcnn.report.explorer_page import explorer_page
from exactcnn.report.html import outcome_page
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

__all__ = ["EXAMPLES", "draw_all", "with_pictures"]

_DIRECTIVE = re.compile(r"^```\{picture\} (?P<name>[\w-]+)\n(?P<words>.+?)\n```$", re.MULTILINE | re.DOTALL)
_TASK = re.compile(r"^```toml\n(# signs\.toml\n.*?)^```$", re.MULTILINE | re.DOTALL)


EXAMPLES = "examples"
"""The folder of the example pages, in the folder of the pictures and in the site."""


@dataclass(frozen=True)
class _Shown:
    """The task with its network and with a spoilt one, each with what is proved or refuted of it."""

    task: Task
    network: Network
    proved: Outcome
    spoilt: Network
    refuted: Outcome


def _shown(readme: Path) -> _Shown:
    text = _TASK.search(readme.read_text("utf-8"))
    if text is None:
        raise ValueError(f"{readme} shows no task signs.toml")
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "signs.toml"
        path.write_text(text[1], "utf-8")
        task = replace(api.load_task(path), source=None)
    network = api.build(task)
    spoilt = next(spoilt_networks(network, task))[0]
    proved, refuted = (api.verify(task, net, workers=1) for net in (network, spoilt))
    return _Shown(task, network, proved, spoilt, refuted)


def _drawings(shown: _Shown) -> dict[str, Callable[[Theme], Figure]]:
    """All pictures by name."""
    task, refuted = shown.task, api.verify(shown.task, shown.spoilt, sizes="6x7", workers=1)
    sample = next(s for s in generate(task, count=50, height=9, width=12, seed=2) if s.configuration == {"cross"})
    return {
        "features": lambda theme: features_figure(task, theme=theme),
        "detector": lambda theme: detector_figure(task, "cross", place=(0, 1, 1), theme=theme),
        "plane": lambda theme: detector_plane_figure(task, "cross", first=(0, 1, 1), second=(0, 0, 0), theme=theme),
        "network": lambda theme: network_figure(shown.network, task, theme=theme),
        "heat": lambda theme: heat_figure(task, sample.image, "cross", theme=theme),
        "witnesses": lambda theme: witnesses_figure(shown.proved, task, theme=theme),
        "counterexample": lambda theme: counterexample_figure(refuted, task, shown.spoilt, theme=theme),
    }


def draw_all(readme: Path, folder: Path) -> None:
    """Draws every picture, and writes every example page, into a folder that need not exist.

    Raises
    ------
    ValueError: the README shows no task.
    """
    shown = _shown(readme)
    (folder / EXAMPLES).mkdir(parents=True, exist_ok=True)
    for name, draw in _drawings(shown).items():
        for theme in (LIGHT, DARK):
            save_figure(draw(theme), folder / f"{name}-{theme.name}.svg")
    pages = {
        "explore.html": (shown.network, shown.proved, "built from the task"),
        "explore-wrong.html": (shown.spoilt, shown.refuted, "built from the task, one weight spoilt"),
    }
    for page, (network, outcome, words) in pages.items():
        text = explorer_page(shown.task, network, outcome, network_name=words, source="signs.toml")
        (folder / EXAMPLES / page).write_text(text, "utf-8")
    report = outcome_page(shown.refuted, shown.task, network="built from the task, one weight spoilt")
    (folder / EXAMPLES / "report.html").write_text(report, "utf-8")


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
