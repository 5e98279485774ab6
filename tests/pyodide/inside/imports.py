"""The package as it is installed from the distribution."""

import importlib
import pkgutil
import sys
from importlib.util import find_spec

NEEDING = {
    "pyjsapi.comparison.wasmtime_driver": "wasmtime",
    "pyjsapi.suspension.greenlets": "greenlet",
}
"""Modules that stand on a package, which need not be there."""


def case_it_is_installed_from_the_wheel() -> None:
    import pyjsapi

    assert pyjsapi.__file__ is not None
    assert "site-packages" in pyjsapi.__file__, pyjsapi.__file__


def case_its_metadata_is_there() -> None:
    from importlib.metadata import version

    assert version("pyjsapi") == "0.1.0"


def case_every_module_outside_the_bridge_is_imported_without_javascript() -> None:
    # Other packages have imported these; a fresh import of pyjsapi must not ask for them again.
    hidden = ("js", "pyodide", "pyodide_js")
    kept = {
        name: module
        for name, module in sys.modules.items()
        if name.split(".")[0] in (*hidden, "pyjsapi")
    }
    for name in kept:
        del sys.modules[name]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # an import raises ImportError
    try:
        package = importlib.import_module("pyjsapi")
        for info in pkgutil.walk_packages(package.__path__, "pyjsapi."):
            needed = NEEDING.get(info.name)
            if needed is not None and find_spec(needed) is None:
                continue
            if not info.name.startswith("pyjsapi.bridge") and not info.name.endswith("__main__"):
                importlib.import_module(info.name)
    finally:
        for name in [n for n in sys.modules if n.split(".")[0] in (*hidden, "pyjsapi")]:
            del sys.modules[name]
        sys.modules.update(kept)
