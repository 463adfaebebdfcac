"""exactcnn proves, in exact rational arithmetic, that a CNN is right on every image of a feature-based task.

>>> import exactcnn
>>> task = exactcnn.load_task("signs.toml")  # doctest: +SKIP
>>> exactcnn.verify(task).verdict  # doctest: +SKIP
<Verdict.PROVED: 'PROVED'>
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exactcnn.api import build, check, load_network, load_task, save_network, verify
    from exactcnn.core.errors import ExactCnnError, InputError, InternalError
    from exactcnn.core.outcome import Outcome
    from exactcnn.core.verdict import Verdict

__version__ = "0.1.0"

__all__ = [
    "ExactCnnError",
    "InputError",
    "InternalError",
    "Outcome",
    "Verdict",
    "__version__",
    "build",
    "check",
    "load_network",
    "load_task",
    "save_network",
    "verify",
]

_HOMES = {
    # What IPython looks for in `%load_ext exactcnn`.
    "load_ipython_extension": "report.notebook",
    "ExactCnnError": "core.errors",
    "InputError": "core.errors",
    "InternalError": "core.errors",
    "Outcome": "core.outcome",
    "Verdict": "core.verdict",
}


def __getattr__(name: str) -> object:
    """The public names, imported when they are first used: the command line stays quick to start."""
    if name not in __all__ and name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'api')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
