"""WASI preview 1: the system interface of programs, shaped like ``node:wasi``."""

from __future__ import annotations

from pyjsapi.wasi.preopens import ReadOnly
from pyjsapi.wasi.process import WASIExit
from pyjsapi.wasi.wasi import WASI

__all__ = ["WASI", "ReadOnly", "WASIExit"]
