"""What the workbench asks pyjsapi, in Pyodide and in tests: plain values and bytes go in and come out.

The page loads this file into Pyodide beside ``pyjsapi``; it needs nothing else.
"""

from __future__ import annotations

from typing import Any

from pyjsapi.syntax.errors import ParseError
from pyjsapi.text import wat2wasm

Answer = dict[str, Any]


def assemble(text: str) -> Answer:
    """``bytes`` of the module that a text is, or ``error`` with its ``line`` and ``column``, from 1."""
    try:
        return {"bytes": wat2wasm(text)}
    except ParseError as error:
        return {"error": str(error), "message": error.message, "line": error.line, "column": error.column}  # fmt: skip
