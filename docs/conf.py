"""Settings of Sphinx, which makes the pages: `make docs`. Its sources are the Markdown of the whole checkout."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import pyjsapi  # noqa: E402

project = "pyjsapi"
release = pyjsapi.__version__
html_title = f"pyjsapi {release}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
# A block that cannot be coloured is shown all the same, and so are names in docstrings that the reference has not.
suppress_warnings = ["misc.highlighting_failure", "ref.any"]
root_doc = "docs/index"
# From the root of the checkout, so that links mean the same here and where the files are read as they are.
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/**",
    "examples/README.md",
    "polyfill/README.md",
]
exclude_patterns = [".*", "build", "node_modules", "**/node_modules"]
# Links to headings are checked, as deep as that.
myst_heading_anchors = 4

# `Name` in a docstring is a link where the reference has it.
default_role = "any"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
add_module_names = False
# Sphinx documents classes; of this one there is a single object, which has its name.
type(pyjsapi.Atomics).__name__ = "Atomics"
vars(pyjsapi)["Atomics"] = type(pyjsapi.Atomics)

html_theme = "alabaster"
html_theme_options = {
    "description": "The WebAssembly JavaScript API in pure Python",
    "fixed_sidebar": True,
    "page_width": "1100px",
    "body_max_width": "none",
    "show_powered_by": False,
}
html_sidebars = {"**": ["about.html", "searchfield.html", "navigation.html"]}
html_extra_path = ["site"]
html_copy_source = False
html_show_copyright = False
