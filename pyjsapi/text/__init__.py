"""The text format (core specification, "Text Format")."""

from __future__ import annotations

from pyjsapi.text.convert import parse_module, wat2wasm
from pyjsapi.text.printer import print_module, wasm2wat

__all__ = ["parse_module", "print_module", "wasm2wat", "wat2wasm"]
