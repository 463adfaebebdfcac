"""The explorer: one page with a task's features, images to paint on, and the proof as a tree; it needs no network.

The page carries the statement's and the certificate's texts and evaluates them by itself, in exact arithmetic. Its
scripts and styles are allowed by their hashes alone, so that no text of a task can run or load anything.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from exactcnn.core.outcome import Outcome
from exactcnn.network.model import Network
from exactcnn.report.explorer_bundle import joined_modules
from exactcnn.report.explorer_data import page_data
from exactcnn.task.model import Task

__all__ = ["explorer_page", "explorer_script"]

_FOLDER = Path(__file__).with_name("explorer")
_ENTRY = "view/main.js"


def explorer_page(task: Task, network: Network, outcome: Outcome, *, network_name: str, source: str) -> str:
    """The page about an outcome.

    Parameters
    ----------
    network: the network that the outcome is about.
    network_name: where it came from, in words.
    source: the file that the page is about.

    Raises
    ------
    InputError: the task and its network are too large for a page.
    """
    return _filled(page_data(task, network, outcome, network_name=network_name, source=source))


@lru_cache(maxsize=1)
def explorer_script() -> str:
    """All modules as one script."""
    return f'"use strict";\n{joined_modules(_ENTRY, _text)}'


def _text(path: str) -> str:
    return (_FOLDER / path).read_text(encoding="utf-8")


def _filled(data: dict[str, Any]) -> str:
    script, style = explorer_script(), _text("page.css")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash(script)}",
            f"style-src {_hash(style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    parts = {
        "POLICY": policy,
        "TITLE": escape(_title(data), quote=True),
        "STYLE": style,
        "DATA": _embedded(data),
        "SCRIPT": script,
    }
    pieces = _text("page.html").split("@@")
    # Every second piece is the name of a part: what is put in is never looked through again.
    return "".join(parts[piece] if number % 2 else piece for number, piece in enumerate(pieces))


def _title(data: dict[str, Any]) -> str:
    return f"{data['answer']['verdict']}: {data['task']}"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"


def _embedded(data: dict[str, Any]) -> str:
    """JSON that cannot end the element around it, and holds no character that scripts or editors read otherwise."""
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c").replace("&", "\\u0026")
