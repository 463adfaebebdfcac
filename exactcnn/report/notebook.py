"""How objects show themselves in notebooks: `%load_ext exactcnn`, or `enable()`.

The functions return HTML without scripts and without links. Every name is escaped. Colours are the notebook's own (text
takes the colour around it), so that light and dark themes both work.
"""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Iterable, Sequence
from html import escape as escape_html
from typing import Any

from flint import fmpq

from exactcnn.core.outcome import Certificate, Example, Outcome, Stretched
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.network.model import Conv2d, Dense, Network
from exactcnn.report.pictures import Colours, image_colours, png_data_uri, template_colours, viewable
from exactcnn.report.plots.layers import layer_texts
from exactcnn.report.wording import claim, condition_text, evidence_text, number_text, winners
from exactcnn.task.model import Feature, PixelRange, Task

__all__ = [
    "certificate_html",
    "enable",
    "example_html",
    "feature_html",
    "image_html",
    "load_ipython_extension",
    "network_html",
    "outcome_html",
    "rational_latex",
    "stretched_html",
    "task_html",
]

_SQUARE = 200
_MOST_HOVERED = 32 * 32
_MOST_FEATURES = 40
_STEERING = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}
"""Characters that turn the direction of the text around them."""
_TABLE = 'style="border-collapse:collapse"'
_CELL = 'style="text-align:left;padding:.15rem 1rem .15rem 0;vertical-align:top;overflow-wrap:break-word"'
_COLOURS = {Verdict.PROVED: "#1a7f37", Verdict.REFUTED: "#c0262d", Verdict.VACUOUS: "#9a6700"}


# -- the extension ----------------------------------------------------------------------------------------------------


def load_ipython_extension(ipython: Any) -> None:
    """What `%load_ext exactcnn` calls."""
    enable(ipython)


def enable(ipython: Any = None) -> None:
    """Lets tasks, features, networks, outcomes, images, certificates, rationals and figures show themselves.

    Parameters
    ----------
    ipython: the shell; by default the running one. Without any nothing happens.
    """
    shell = ipython
    if shell is None:
        # Only a running notebook has it; it is no dependency.
        from IPython import get_ipython  # type: ignore[import-not-found,unused-ignore]

        shell = get_ipython()
    if shell is None:
        return
    formatters = shell.display_formatter.formatters
    html = formatters["text/html"]
    for kind, function in (
        (Task, task_html),
        (Feature, feature_html),
        (Network, network_html),
        (Outcome, outcome_html),
        (Example, example_html),
        (ExactTensor, _tensor_html),
        (Stretched, stretched_html),
        (Certificate, certificate_html),
    ):
        html.for_type(kind, function)
    formatters["text/latex"].for_type(fmpq, rational_latex)
    html.for_type_by_name("matplotlib.figure", "Figure", _figure_html)


def _figure_html(figure: Any) -> str:
    from exactcnn.report.plots.theme import figure_bytes

    # As wide as the notebook at most: figures are made for a lecture's screen.
    data = base64.b64encode(figure_bytes(figure, "svg")).decode("ascii")
    return f'<img alt="figure" style="max-width:100%;height:auto" src="data:image/svg+xml;base64,{data}">'


# -- text -------------------------------------------------------------------------------------------------------------


def escape(text: str) -> str:
    """A text that is only ever text: markup and quotes escaped, control characters shown as their codes."""
    unseen = {c for c in text if ord(c) in _STEERING or (c != "\n" and unicodedata.category(c) == "Cc")}
    visible = (f"<U+{ord(c):04X}>" if c in unseen else c for c in text)
    return escape_html("".join(visible), quote=True)


# -- numbers and images -----------------------------------------------------------------------------------------------


def rational_latex(value: fmpq) -> str:
    """A rational for a formula renderer."""
    if value.q == 1:
        return f"${int(value.p)}$"
    sign = "-" if value < 0 else ""
    return f"${sign}\\frac{{{abs(int(value.p))}}}{{{int(value.q)}}}$"


def image_html(image: ExactTensor, pixel: PixelRange | None = None, caption: str = "") -> str:
    """An image (C, H, W) as squares; resting on one shows its exact value. Large images have no such values."""
    drawn = pixel or _range_of(image)
    colours = image_colours(image, drawn)
    height, width = colours.shape[:2]
    if height * width > _MOST_HOVERED or image.shape[0] not in (1, 3):
        return _raster(colours, caption)
    side = max(6, _SQUARE // max(height, width))
    exact = image.tolist()
    squares = []
    for row in range(height):
        for column in range(width):
            red, green, blue = (int(v) for v in colours[row, column])
            values = ", ".join(str(exact[c][row][column]) for c in range(image.shape[0]))
            squares.append(
                f'<rect x="{column * side}" y="{row * side}" width="{side}" height="{side}" '
                f'fill="#{red:02x}{green:02x}{blue:02x}"><title>row {row}, column {column}: {values}</title></rect>'
            )
    view = f'width="{width * side}" height="{height * side}" viewBox="0 0 {width * side} {height * side}"'
    style = 'stroke="#808080" stroke-opacity=".4" stroke-width=".7" role="img"'
    return _figure(f"<svg {view} {style}>{''.join(squares)}</svg>", caption or f"{image.shape[1]}x{image.shape[2]}")


def _range_of(image: ExactTensor) -> PixelRange:
    """[0, 1] if that holds the image, else the interval from its least to its largest value."""
    values = image.rationals()
    low, high = min([fmpq(0), *values]), max([fmpq(1), *values])
    return PixelRange(low, high)


def _raster(colours: Colours, caption: str) -> str:
    height, width = colours.shape[:2]
    scale = max(1, _SQUARE // max(height, width))
    size = f'width="{width * scale}" height="{height * scale}"'
    style = 'style="image-rendering:pixelated;border:1px solid #808080"'
    image = f'<img src="{png_data_uri(colours)}" {size} {style} alt="{escape(caption)}">'
    return _figure(image, caption or f"{height}x{width}")


def _figure(content: str, caption: str) -> str:
    return (
        '<figure style="display:inline-block;margin:0 1rem .5rem 0;vertical-align:top">'
        f'{content}<figcaption style="font-size:.85em;opacity:.75">{escape(caption)}</figcaption></figure>'
    )


def _tensor_html(tensor: ExactTensor) -> str | None:
    """An image, if the tensor can be one; everything else shows itself as text."""
    if tensor.ndim == 2 and tensor.size:
        return image_html(tensor.reshape(1, *tensor.shape))
    if tensor.ndim == 3 and tensor.size and tensor.shape[0] <= 4:
        return image_html(tensor)
    return None


def stretched_html(picture: Stretched, pixel: PixelRange | None = None) -> str:
    """An image that may be large: the whole of it, or its core with a note on how it is stretched."""
    shown, remark = viewable(picture)
    return image_html(shown, pixel, f"{picture.height}x{picture.width}" + (f": {remark}" if remark else ""))


# -- tables -----------------------------------------------------------------------------------------------------------


def _table(rows: Iterable[Sequence[str]], headings: Sequence[str] = ()) -> str:
    """Rows of HTML cells; whoever calls has escaped them."""
    head = "".join(f"<th {_CELL}>{escape(h)}</th>" for h in headings)
    body = "".join("<tr>" + "".join(f"<td {_CELL}>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table {_TABLE}>{f'<tr>{head}</tr>' if head else ''}{body}</table>"


def task_html(task: Task) -> str:
    """The task: its features as pictures, its classes in words."""
    low, high = task.pixel.low, task.pixel.high
    channels = "" if task.channels == ("",) else f"; channels {', '.join(task.channels)}"
    count = len(task.features)
    features = "1 feature" if count == 1 else f"{count} features"
    heading = f"task {task.name}: {features}, {len(task.classes)} classes; pixels from {low} to {high}{channels}"
    tiles = "".join(_feature_tile(f, task.pixel) for f in task.features[:_MOST_FEATURES])
    more = f"<p>and {count - _MOST_FEATURES} more</p>" if count > _MOST_FEATURES else ""
    classes = [(f"<b>{escape(c.name)}</b>", escape(condition_text(c))) for c in task.classes]
    return f"<p><b>{escape(heading)}</b></p>{tiles}{more}{_table(classes, ['class', 'an image that'])}"


def _feature_tile(feature: Feature, pixel: PixelRange) -> str:
    templates = f", {len(feature.templates)} templates" if len(feature.templates) > 1 else ""
    caption = f"{feature.name}: {feature.height}x{feature.width}{templates}, gap {feature.gap}"
    return _raster(template_colours(feature.templates[0], pixel), caption)


def feature_html(feature: Feature) -> str:
    """The feature: each template, drawn at the middle of its pixels' intervals."""
    # A feature does not know its task's pixel range; that of most tasks serves if it holds the templates.
    values = [v for t in feature.templates for v in (*t.low.rationals(), *t.high.rationals())]
    pixel = PixelRange(min([fmpq(0), *values]), max([fmpq(1), *values]))
    tiles = "".join(
        _raster(template_colours(t, pixel), f"template {n}") for n, t in enumerate(feature.templates[:_MOST_FEATURES])
    )
    heading = f"feature {feature.name}: windows of {feature.height}x{feature.width}, gap {feature.gap}"
    return f"<p><b>{escape(heading)}</b></p>{tiles}"


def network_html(network: Network) -> str:
    """The network's layers with their shapes."""
    rows = [
        (str(n) if n else "", escape(b.name), escape(b.shape), escape(b.detail).replace("\n", "<br>"))
        for n, b in enumerate(layer_texts(network))
    ]
    numbers = sum(layer.weight.size + layer.bias.size for layer in network.layers if isinstance(layer, (Conv2d, Dense)))
    return f"<p><b>network, {numbers:,} numbers</b></p>" + _table(rows, ["", "layer", "gives", ""])


def example_html(example: Example, names: Sequence[str] = (), pixel: PixelRange | None = None) -> str:
    """An image with its label and logits."""
    listed = names or [f"logit {n}" for n in range(len(example.logits))]
    largest = winners(example.logits, listed)
    rows = [
        (
            f"<b>{escape(n)}</b>" if n == example.label else escape(n),
            escape(number_text(v)),
            "; ".join(["the label"] * (n == example.label) + ["largest"] * (n in largest)),
        )
        for n, v in zip(listed, example.logits, strict=True)
    ]
    contains = ", ".join(example.features) or "no feature"
    words = f"label {example.label}; contains {contains}"
    return (
        f'<div style="margin-bottom:.8rem">{stretched_html(example.picture, pixel)}'
        f'<div style="display:inline-block;vertical-align:top"><p>{escape(words)}</p>'
        f"{_table(rows, ['class', 'logit', ''])}</div></div>"
    )


def outcome_html(outcome: Outcome) -> str:
    """The answer: verdict, what it says and rests on, and the counterexample or the witnesses."""
    colour = _COLOURS.get(outcome.verdict, "#7a3fb0")
    facts = [("sizes", str(outcome.sizes))]
    if outcome.margin is not None:
        best = "the best possible: a witness attains it" if outcome.margin_attained else "a lower bound"
        facts.append(("margin", f"{number_text(outcome.margin)} ({best})"))
    if outcome.configurations is not None:
        facts.append(("configurations", f"{outcome.configurations:,}"))
    facts.append(("rests on", evidence_text(outcome)))
    parts = [
        f'<p><b style="color:{colour};font-size:1.3em">{outcome.verdict.value}</b> {escape(claim(outcome))}</p>',
        _table([(escape(n), escape(v)) for n, v in facts]),
    ]
    if outcome.counterexample is not None:
        parts += ["<p>The counterexample:</p>", example_html(outcome.counterexample, outcome.class_names)]
    elif outcome.unproved_field is not None:
        parts += ["<p>A receptive field that shows why:</p>", image_html(outcome.unproved_field)]
    for report in outcome.classes if outcome.counterexample is None else ():
        if report.witness is not None:
            lead = number_text(report.witness.lead(outcome.class_names.index(report.name)))
            small = report.witness.picture
            parts.append(_witness_tile(small, f"{report.name}: leads by {lead}"))
        elif report.vacuous is not None:
            parts.append(f"<p>{escape(report.name)}: no admissible image: {escape(report.vacuous)}</p>")
    return "".join(parts)


def _witness_tile(picture: Stretched, caption: str) -> str:
    shown, _ = viewable(picture)
    return image_html(shown, None, f"witness of {caption}")


def certificate_html(certificate: Certificate) -> str:
    """What a certificate proves, and how, in words."""
    from exactcnn.formats.certificate_summary import summary_lines

    lines = summary_lines(certificate.statement, certificate.text)
    sizes = f"statement {len(certificate.statement):,} bytes, certificate {len(certificate.text):,} bytes"
    text = "\n".join([f"statement {certificate.sha256}", sizes, *lines])
    return f'<pre style="white-space:pre-wrap">{escape(text)}</pre>'
