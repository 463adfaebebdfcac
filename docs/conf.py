"""The documentation site: `make site` builds it into out/site, without a network."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE / "_ext"))

from files import source_link as linkcode_resolve  # noqa: E402, F401 - the name that sphinx.ext.linkcode looks for

import exactcnn  # noqa: E402 - the next import needs the line above

project = "exactcnn"
author = "The exactcnn developers"
copyright = author  # noqa: A001 - the name that Sphinx looks for
version = release = exactcnn.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.linkcode", "site_extension"]
exclude_patterns = ["_ext", "README.md"]

html_theme = "furo"
html_title = f"exactcnn {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}

nitpicky = True
# Python's own objects and those of other libraries: their documentation is elsewhere, and this site needs no network.
_PYTHON = ["Any", "Callable", "Decimal", "Enum", "Fraction", "Iterable", "Iterator", "Literal", "Mapping", "Path"]
_PYTHON += ["PathLike", "Protocol", "Sequence", "collections", "decimal", "fractions", "os", "pathlib", "typing"]
_LIBRARIES = ["Figure", "NDArray", "flint", "fmpq", "matplotlib", "np", "numpy"]
# Names of types without a page of their own; their docstrings say what they are.
_ALIASES = ["Numerators", "Progress"]
nitpick_ignore_regex = [(r"py:.*", rf"({'|'.join([*_PYTHON, *_LIBRARIES, *_ALIASES])})(\..*)?")]

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist", "attrs_block", "attrs_inline"]
myst_heading_anchors = 4
myst_url_schemes = {"http": None, "https": None, "mailto": None, "repo": None, "example": None}
suppress_warnings = ["myst.header"]  # a section taken from elsewhere may start two levels below its page's title

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
smartquotes = False  # a prime is no apostrophe
pygments_style = "friendly"
pygments_dark_style = "monokai"
