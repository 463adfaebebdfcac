"""How figures look: two themes, sizes to be read from the back of a room, and text that is only ever text.

Nothing here touches matplotlib's global state: figures are made without pyplot, every colour and size is given where it
is used, and settings that only exist globally are set back after a file was written.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from flint import fmpq
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

from exactcnn.core.errors import InputError
from exactcnn.core.rational import format_rational
from exactcnn.formats.files import atomic_write

__all__ = [
    "DARK",
    "FORMATS",
    "LIGHT",
    "SIZE",
    "Theme",
    "figure_bytes",
    "fraction_text",
    "new_figure",
    "put",
    "save_figure",
    "shown",
    "style",
    "theme_named",
    "title",
]

FORMATS = ("svg", "pdf", "png")
SIZE = 13.0
"""The size of ordinary text in points, on figures about ten inches wide."""
_FONT = "DejaVu Sans"
_DOTS_PER_INCH = 144
_SHOWN = 32
_LONGEST_FRACTION = 9


@dataclass(frozen=True)
class Theme:
    """Colours by what they mean. The accents are told apart with any kind of colour vision (after Okabe and Ito), and
    wherever one of them says something, a text, a hatch or a shape says it too.

    Attributes
    ----------
    paper, ink, dim, line: background, text, secondary text, thin lines.
    first, second, third, fourth: accents, blue, vermilion, green and violet.
    free: pixels that may have any value.
    """

    name: str
    paper: str
    ink: str
    dim: str
    line: str
    first: str
    second: str
    third: str
    fourth: str
    free: str

    def ramp(self, colour: str | None = None) -> LinearSegmentedColormap:
        """From the paper to an accent (by default the first)."""
        return LinearSegmentedColormap.from_list(f"exactcnn-{self.name}", [self.paper, colour or self.first])

    def diverging(self) -> LinearSegmentedColormap:
        """From the second accent by the paper to the first: for numbers of both signs."""
        return LinearSegmentedColormap.from_list(f"exactcnn-{self.name}-2", [self.second, self.paper, self.first])


LIGHT = Theme(
    name="light",
    paper="#ffffff",
    ink="#1c2128",
    dim="#59606b",
    line="#c9c5bc",
    first="#0067a5",
    second="#c8500a",
    third="#00805f",
    fourth="#5b2a73",
    free="#74628f",
)
DARK = Theme(
    name="dark",
    paper="#16181c",
    ink="#ececea",
    dim="#a3a9b4",
    line="#444a55",
    first="#56b4e9",
    second="#ff9350",
    third="#35c9a0",
    fourth="#f2cdfb",
    free="#8d7bab",
)


def theme_named(name: Literal["light", "dark"] | str) -> Theme:
    """One of the two themes.

    Raises
    ------
    InputError: there is no theme of this name.
    """
    for theme in (LIGHT, DARK):
        if theme.name == name:
            return theme
    raise InputError("no such theme", found=repr(name), expected="light or dark")


# -- text -------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _letters() -> frozenset[int]:
    """The characters that the font can draw."""
    return frozenset(get_font(findfont(_FONT)).get_charmap())


def shown(text: str, limit: int = _SHOWN) -> str:
    """A name as it is drawn: at most `limit` characters, and what cannot be drawn as its code, such as <U+1F600>.

    Characters that steer the direction or the line of text have no picture of their own, so that they too are codes.
    """
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(c if _drawable(c) else f"<U+{ord(c):04X}>" for c in cut)


def _drawable(character: str) -> bool:
    return character == " " or (unicodedata.category(character)[0] not in "CZ" and ord(character) in _letters())


def fraction_text(value: fmpq, longest: int = _LONGEST_FRACTION) -> str:
    """A rational as it is drawn: exact, or with a sign that it is not where the fraction is too long to be read."""
    text = format_rational(value).replace("-", "\N{MINUS SIGN}")
    if len(text) <= longest:
        return text
    numerator, denominator = int(value.p), int(value.q)
    try:
        return f"≈{numerator / denominator:.3g}".replace("-", "\N{MINUS SIGN}")
    except OverflowError:
        return f"≈10^{len(str(abs(numerator))) - len(str(denominator))}"


def put(ax: Axes, x: float, y: float, text: str, theme: Theme, **more: Any) -> Text:
    """Text in a diagram; `more` as for `Axes.text`. Never read as a formula."""
    settings: dict[str, Any] = {"color": theme.ink, "fontsize": SIZE, "family": _FONT, "parse_math": False}
    return ax.text(x, y, text, **(settings | more))


def title(ax: Axes, text: str, theme: Theme, *, size: float = SIZE, dim: bool = False, **more: Any) -> None:
    """A heading over a diagram."""
    settings: dict[str, Any] = {"loc": "left", "pad": 10, "parse_math": False, "family": _FONT}
    ax.set_title(text, color=theme.dim if dim else theme.ink, fontsize=size, **(settings | more))


# -- figures ----------------------------------------------------------------------------------------------------------


def new_figure(theme: Theme, width: float, height: float, heading: str | None = None) -> Figure:
    """An empty figure, in inches, with a heading."""
    # Margins in inches, so that labels breathe on small figures as on large ones.
    engine = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12, wspace=0.04, hspace=0.04)
    figure = Figure(figsize=(width, height), facecolor=theme.paper, layout=engine)
    if heading is not None:
        figure.suptitle(
            heading, x=0.012, ha="left", color=theme.ink, fontsize=SIZE + 3, family=_FONT, weight="bold"
        ).set_parse_math(False)
    return figure


def style(ax: Axes, theme: Theme, *, bare: bool = False, labels: Sequence[str] | None = None) -> Axes:
    """The look of an axis pair.

    Parameters
    ----------
    bare: no frame and no ticks: for pictures and drawings.
    labels: names of the x axis and, if there are two, of the y axis.
    """
    ax.set_facecolor(theme.paper)
    ax.set_axisbelow(True)
    for side, spine in ax.spines.items():
        spine.set_color(theme.dim)
        spine.set_visible(not bare and side in ("left", "bottom"))
    ax.tick_params(which="both", colors=theme.dim, labelcolor=theme.ink, labelsize=SIZE - 1, labelfontfamily=_FONT)
    if bare:
        ax.set_xticks([])
        ax.set_yticks([])
    x_label, y_label = (*(labels or ()), None, None)[:2]
    if x_label is not None:
        ax.set_xlabel(x_label, color=theme.ink, fontsize=SIZE, family=_FONT, parse_math=False)
    if y_label is not None:
        ax.set_ylabel(y_label, color=theme.ink, fontsize=SIZE, family=_FONT, parse_math=False)
    return ax


def figure_bytes(figure: Figure, form: str) -> bytes:
    """The figure as a file: the same bytes for the same figure.

    Parameters
    ----------
    form: svg, pdf or png.

    Raises
    ------
    InputError: another form.
    """
    if form not in FORMATS:
        raise InputError("not a kind of picture", found=repr(form), expected=", ".join(FORMATS))
    dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "exactcnn", "svg.fonttype": "path", "pdf.fonttype": 42}):
        figure.savefig(buffer, format=form, dpi=_DOTS_PER_INCH, facecolor=figure.get_facecolor(), metadata=dated[form])
    return buffer.getvalue()


def save_figure(figure: Figure, path: Path) -> None:
    """Writes the figure; the path's suffix says how: .svg, .pdf or .png.

    Raises
    ------
    InputError: another suffix, or the file cannot be written.
    """
    form = path.suffix.lower().removeprefix(".")
    if form not in FORMATS:
        raise InputError(
            "not a name for a picture",
            source=str(path),
            found=path.suffix or "no suffix",
            expected="a name that ends in " + ", ".join(f".{f}" for f in FORMATS),
        )
    atomic_write(path, figure_bytes(figure, form))
