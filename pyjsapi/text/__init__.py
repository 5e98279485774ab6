"""The text format (core specification, "Text Format")."""

from __future__ import annotations

from pyjsapi.text.convert import parse_module, wat2wasm

__all__ = ["parse_module", "wat2wasm"]
