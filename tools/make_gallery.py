"""All plots in one HTML page, on light and on dark ground.

    python tools/make_gallery.py [-o gallery.html] [--limit 5]

The pictures are SVG inside the page. The last one is measured while the page is made: the modular method, and one
formula over all pixels, which is given up after `--limit` seconds.
"""

from __future__ import annotations

import argparse
import base64
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path

from matplotlib.figure import Figure

from exactcnn import api
from exactcnn.cli.spoiling import spoilt_networks
from exactcnn.core.verdict import Verdict
from exactcnn.examples import catalogue
from exactcnn.formats.files import atomic_write
from exactcnn.network.model import Conv2d
from exactcnn.report.plots.counterexamples import counterexample_figure
from exactcnn.report.plots.detectors import detector_figure
from exactcnn.report.plots.heat import heat_figure
from exactcnn.report.plots.logits import logits_figure, witnesses_figure
from exactcnn.report.plots.networks import network_figure
from exactcnn.report.plots.planes import detector_plane_figure
from exactcnn.report.plots.scaling import Measurement, scaling_figure
from exactcnn.report.plots.templates import features_figure, template_figure
from exactcnn.report.plots.theme import DARK, LIGHT, Theme, figure_bytes
from exactcnn.task.generator import generate
from exactcnn.task.model import Task

TINY = """
[task]
name = "tiny signs"
gap = "1/2"
tolerance = "1/16"
[[feature]]
name = "cross"
patch = '''
.#.
###
.#.
'''
[[feature]]
name = "ring"
patch = '''
####
#??#
#..#
#5##
'''
[[class]]
name = "pharmacy"
requires = ["cross"]
forbids = ["ring"]
[[class]]
name = "coin"
requires = ["ring"]
forbids = ["cross"]
[[class]]
name = "neither"
otherwise = true
"""
SIDES = (4, 6, 8, 16, 32, 64)


def measurements(limit: float) -> list[Measurement]:
    """The two methods on `TINY`, at several sizes."""
    task = _tiny()
    network = api.build(task, slack="1/4")
    found = []
    for side in SIDES:
        start = time.perf_counter()
        outcome = api.verify(task, network, sizes=f"{side}x{side}", workers=1)
        seconds = time.perf_counter() - start
        size = None if outcome.certificate is None else len(outcome.certificate.text)
        found.append(Measurement("modular", side, seconds, size))
    for side in SIDES:
        start = time.perf_counter()
        outcome = api.verify(task, network, sizes=f"{side}x{side}", method="monolithic", timeout=limit)
        finished = outcome.verdict in (Verdict.PROVED, Verdict.REFUTED)
        found.append(Measurement("one formula (z3)", side, time.perf_counter() - start, finished=finished))
        if not finished:
            break
    return found


def _tiny() -> Task:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tiny.toml"
        path.write_text(TINY, encoding="utf-8")
        return api.load_task(path)


def figures(theme: Theme, runs: list[Measurement]) -> Iterator[tuple[str, Figure]]:
    """Every kind of plot, with a title."""
    tiny, shapes = _tiny(), api.load_task(catalogue.path("shapes"))
    signs = api.load_task(catalogue.path("signs"))
    network = api.build(tiny)
    sample = next(s for s in generate(shapes, count=20, height=28, width=28, seed=1) if "ring" in s.configuration)
    small = next(s for s in generate(tiny, count=20, height=9, width=9, seed=2) if "cross" in s.configuration)
    yield "features", features_figure(shapes, theme=theme)
    yield "features in colour", features_figure(signs, theme=theme)
    yield "template", template_figure(tiny, "ring", theme=theme)
    yield "template of several channels", template_figure(signs, "left", theme=theme)
    yield "detector of one pixel", detector_figure(tiny, "cross", place=(0, 1, 1), theme=theme)
    yield "detector of one pixel, grey", detector_figure(tiny, "ring", place=(0, 3, 1), theme=theme)
    yield "detector of two pixels", detector_plane_figure(tiny, "ring", first=(0, 3, 1), second=(0, 0, 0), theme=theme)
    yield "heat maps", heat_figure(tiny, small.image, "cross", theme=theme)
    yield "heat maps of a larger image", heat_figure(shapes, sample.image, "ring", theme=theme)
    yield "network", network_figure(network, tiny, theme=theme)
    yield "network at one size", network_figure(api.build(shapes), shapes, size=(28, 28), theme=theme)
    proved = api.verify(tiny, network, workers=1)
    yield "witnesses", witnesses_figure(proved, tiny, theme=theme)
    if proved.classes[0].witness is not None:
        yield "logits", logits_figure(proved.classes[0].witness, tiny, theme=theme)
    spoilt = next(spoilt_networks(network, tiny))[0]
    refuted = api.verify(tiny, spoilt, sizes="6x7", workers=1)
    yield "counterexample: a weight set to 0", counterexample_figure(refuted, tiny, spoilt, theme=theme)
    layers = list(network.layers)
    if isinstance(layers[2], Conv2d):
        layers[2] = replace(layers[2], padding=(0, 3, 0, 3))
    cut = replace(network, layers=tuple(layers))
    border = api.verify(tiny, cut, sizes="4x4..any", workers=1)
    yield "counterexample: no padding below", counterexample_figure(border, tiny, cut, theme=theme)
    yield "time and proof length", scaling_figure(runs, theme=theme)


def page(limit: float) -> str:
    """The whole page."""
    runs = measurements(limit)
    parts = []
    for theme in (LIGHT, DARK):
        parts.append(f'<section style="background:{theme.paper};color:{theme.ink}">')
        for heading, figure in figures(theme, runs):
            data = base64.b64encode(figure_bytes(figure, "svg")).decode("ascii")
            image = f'<img alt="{escape(heading)}" src="data:image/svg+xml;base64,{data}">'
            parts.append(f"<figure><figcaption>{escape(heading)}</figcaption>{image}</figure>")
        parts.append("</section>")
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>exactcnn: plots</title>\n'
        "<style>body{margin:0;font:16px/1.5 system-ui,sans-serif}section{padding:2rem}"
        "figure{margin:0 0 3rem}figcaption{opacity:.7}img{max-width:100%}</style>\n" + "\n".join(parts) + "\n</html>\n"
    )


def main() -> None:
    """Writes the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, default=Path("gallery.html"))
    parser.add_argument("--limit", type=float, default=5.0, help="seconds for one formula over all pixels")
    options = parser.parse_args()
    atomic_write(options.output, page(options.limit))
    sys.stderr.write(f"wrote {options.output}\n")


if __name__ == "__main__":
    main()
