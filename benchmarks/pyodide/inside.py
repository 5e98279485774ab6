"""The part of the benchmarks that runs inside Pyodide."""

from __future__ import annotations

import json
import sys

from benchmarks.comparison import compare
from benchmarks.engines import HandWritten, Pyjsapi, Pywasm


def main(options: str) -> str:
    """Compare the kernels; from JSON (`kernels`, `rounds`) to JSON (`python`, `tables`)."""
    wanted = json.loads(options)
    engines = (Pyjsapi(), HandWritten(), Pywasm())
    tables = compare(engines, wanted["kernels"], wanted["rounds"], print)
    versions = {engine.name: engine.version for engine in engines if engine.version}
    return json.dumps(
        {
            "python": sys.version.split()[0],
            "versions": versions,
            "tables": [table.as_json() for table in tables],
        }
    )
