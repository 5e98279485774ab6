"""Runs a driver in this process: ``python start.py pyjsapi|wasmtime DRIVER``."""

from __future__ import annotations

import runpy
import sys

if __name__ == "__main__":
    engine, driver = sys.argv[1:3]
    if engine == "pyjsapi":
        from pyjsapi import compat

        compat.install()
    sys.argv = [driver]
    runpy.run_path(driver, run_name="__main__")
