"""Notebooks as pages to read: text, formulas as MathML, and code, without running anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

__all__ = ["notebook_html"]


def _formula(block: bool) -> Callable[..., str]:
    def rendered(_self: RendererHTML, tokens: Sequence[Token], place: int, *_more: Any) -> str:
        source = tokens[place].content.strip()
        try:
            mathml: str = tex2mathml(source, as_block=block)
        except MathError as error:
            raise ValueError(f"a formula that cannot be shown: {source}") from error
        return f"<div>{mathml}</div>\n" if block else mathml

    return rendered


def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin)
    parser.add_render_rule("math_inline", _formula(block=False))
    parser.add_render_rule("math_block", _formula(block=True))
    return parser


def notebook_html(text: str, highlighted: Callable[[str], str]) -> str:
    """The cells of a notebook (the file's text) as HTML.

    Parameters
    ----------
    highlighted: a cell's Python code as HTML.

    Raises
    ------
    ValueError: a formula cannot be shown.
    """
    parser = _markdown()
    cells: list[Mapping[str, Any]] = json.loads(text)["cells"]
    parts = []
    for cell in cells:
        source = "".join(cell["source"])
        parts.append(parser.render(source) if cell["cell_type"] == "markdown" else highlighted(source))
    return "\n".join(parts)
