"""Calls what compiled modules export and prints the results.

Run by tests in a Python that has nothing else, and used by them to ask pyjsapi the same.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any


def shown(value: Any) -> Any:
    """A result as JSON has it."""
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, list):
        return [shown(each) for each in value]
    if value is None or isinstance(value, (int, str)):
        return value
    return type(value).__name__


def results(exports: Any, calls: list[list[Any]]) -> list[Any]:
    """What calls give, or raise, with the place in the module."""
    found: list[Any] = []
    for name, *arguments in calls:
        try:
            found.append(shown(exports[name](*arguments)))
        except Exception as error:
            notes = getattr(error, "__notes__", [])
            found.append([type(error).__name__, str(error), *notes])
    return found


def all_results(
    cases: dict[str, list[list[Any]]], exports_of: Callable[[str], Any]
) -> dict[str, list[Any]]:
    """The results of all cases, by name."""
    return {name: results(exports_of(name), calls) for name, calls in cases.items()}


def main() -> None:
    """Import each module that standard input names, and print what its calls give."""
    cases = json.load(sys.stdin)
    sys.path[:0] = sys.argv[1:]
    found = all_results(cases, lambda name: importlib.import_module(name).instantiate())
    assert "pyjsapi" not in sys.modules
    print(json.dumps(found))


if __name__ == "__main__":
    main()
