"""What becomes of a program on Wasmtime whose process may have no more memory; run by ``test_limited_memory.py``.

The first argument is how many MiB of addresses it may have beyond those that it has by then.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyjsapi import WebAssembly, engines, wat2wasm

MEMORY = """(module (memory (export "m") 1 60000)
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"""
TABLE = """(module (table (export "t") 1 10000000 funcref)
  (func (export "grow") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))"""
ARRAY = """(module (type $a (array (mut i8)))
  (func (export "length") (param i32) (result i32) (array.len (array.new $a (i32.const 7) (local.get 0)))))"""


def said(call: Callable[[], object]) -> str:
    """The result, or the class of an error."""
    try:
        return str(call())
    except Exception as error:
        return type(error).__name__


def main() -> None:
    """Print what each attempt came to, as JSON."""
    engines.use("wasmtime")
    modules = [WebAssembly.Module(wat2wasm(text)) for text in (MEMORY, TABLE, ARRAY)]
    exports: list[Any] = [WebAssembly.Instance(module).exports for module in modules]
    memory, table, array = exports
    lines = Path("/proc/self/status").read_text().splitlines()
    used = int(next(line for line in lines if line.startswith("VmSize")).split()[1]) << 10
    most = used + (int(sys.argv[1]) << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    new = WebAssembly.Memory
    found = {
        "instance": said(lambda: WebAssembly.Instance(modules[0])),
        "memory": said(lambda: new(initial=1, maximum=2)),
        "shared memory": said(lambda: new(initial=1, maximum=60000, shared=True)),
        "table in code": said(lambda: table.grow(9_000_000)),
        "table": said(lambda: table.t.grow(9_000_000)),
        "array": said(lambda: array.length(-1)),
        "afterwards": said(
            lambda: [memory.grow(1), memory.m.grow(1), table.grow(1), array.length(5)]
        ),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
