"""What ``import pyjsapi`` loads: programs pay for it at each start. What only compilation needs comes with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from pyjsapi.text import wat2wasm

STANDARD = "json, dataclasses, asyncio"
"""What programs import anyway: nothing of the standard library but this and `MORE`."""
MORE = {"__future__", "_struct", "array", "gc", "mmap", "resource", "struct"}
WHOLE = ("ecmascript", "engines", "jsapi", "runtime")
"""Packages of which every module may be loaded but those of `LATER`."""
LATER = {
    "ecmascript.atomics",
    "engines.python",
    "engines.python_engine",
    "jsapi.guarded_bytes",
    "jsapi.js_string",
    "runtime.accessors",
}
PARTS = {
    "blocks": {"block", "floats", "foreign_bytes", "heap", "integers", "places", "undivided"},
    "embedding": {"backtrace", "failures", "settings"},
    "syntax": {
        "deftypes",
        "digits",
        "errors",
        "features",
        "module",
        "op",
        "spaces",
        "spelling",
        "types",
    },
    "validation": {
        "cast_rules",
        "context",
        "limits",
        "matching",
        "requirements",
        "rules",
        "state",
        "types",
    },
}
"""The modules of other packages that may be loaded, beside those of ``syntax.instructions``."""

PROGRAM = f"""
import sys
import {STANDARD}
known = set(sys.modules)
import pyjsapi
{{}}
print(json.dumps(sorted(set(sys.modules) - known)))
"""


def loaded(more: str = "", cache: str = "0") -> list[str]:
    """The modules that ``import pyjsapi`` and ``more`` load beyond `STANDARD`, with a code cache."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(more)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYJSAPI_CACHE": cache},
    )
    found: list[str] = json.loads(result.stdout)
    return found


def allowed(name: str) -> bool:
    """Whether a module of the package may be loaded."""
    if name.startswith("pyjsapi.syntax.instructions"):
        return True
    _, _, inside = name.partition(".")
    package, _, module = inside.partition(".")
    if not module:
        # The namespace is known under the name that it goes by, too.
        return package in ("", "WebAssembly", *WHOLE, *PARTS)
    return (package in WHOLE and inside not in LATER) or module in PARTS.get(package, ())


def test_only_what_every_program_needs_is_imported_with_the_package() -> None:
    found = loaded()
    ours = [name for name in found if name.split(".")[0] == "pyjsapi"]
    assert "pyjsapi.jsapi.namespace" in ours
    assert [name for name in ours if not allowed(name)] == []
    assert set(found) - set(ours) - MORE == set()


def test_objects_that_are_not_compiled_need_no_compiler() -> None:
    found = loaded("""
from pyjsapi import WebAssembly
WebAssembly.Memory(initial=1).grow(1)
WebAssembly.Table(element="anyfunc", initial=2).get(1)
WebAssembly.Global({"value": "i32"}, 1)
WebAssembly.Tag(parameters=["i32"])
""")
    assert [name for name in found if name.startswith(("pyjsapi.compiler", "pyjsapi.binary"))] == []


def test_the_compiler_comes_with_the_first_module() -> None:
    found = loaded("pyjsapi.WebAssembly.validate(b'')")
    assert "pyjsapi.engines.python" in found


KEPT = {
    "binary": {"body"},
    "compiler": {
        "bounded", "cache", "cache_file", "cache_space", "code", "convention", "environment", "extents", "facts",
        "module", "options", "variants",
    },
    "compiler.support": {"aggregates", "assertions", "exceptions", "numerics", "simd", "traps"},
    "validation": {*PARTS["validation"], "known"},
}  # fmt: skip
"""What runs code that is kept: of these packages no more than this."""
USE = """
from pathlib import Path
from pyjsapi import WebAssembly
module = WebAssembly.Module(Path({path!r}))
exports = WebAssembly.Instance(module, {{"m": {{"twice": lambda value: 2 * value}}}}).exports
assert exports.f(20) == 42 and exports.memory.buffer.byteLength == 65536
"""
MODULE = f"""(module (import "m" "twice" (func $twice (param i32) (result i32)))
  (type $t (func (param i32) (result i32))) (table funcref (elem $plus)) (memory (export "memory") 1)
  (global $one (mut i32) (i32.const 1)) (data (i32.const 8) "text")
  (func $plus (param i32) (result i32) (i32.add (local.get 0) (global.get $one)))
  (func (export "f") (param i32) (result i32)
    (call $twice (call_indirect (type $t) (local.get 0) (i32.const 0))))
  {"(func (drop (i32.const 1)))" * 300})"""


def beyond_kept(found: list[str]) -> list[str]:
    """Modules of the packages in `KEPT` that code that is kept does without."""
    rooms = {f"pyjsapi.{package}": modules for package, modules in KEPT.items()}
    return [
        name
        for name in found
        for package, _, module in [name.rpartition(".")]
        if package in rooms and module not in rooms[package] and name not in rooms
    ]


def test_a_module_whose_code_is_kept_needs_no_decoder_validator_or_translator(
    tmp_path: Path,
) -> None:
    path = tmp_path / "module.wasm"
    path.write_bytes(wat2wasm(MODULE))
    use = USE.format(path=str(path))
    folder = str(tmp_path / "codes")
    assert "pyjsapi.compiler.function" in loaded(use, folder)
    found = loaded(use, folder)
    assert "pyjsapi.compiler.environment" in found
    assert beyond_kept(found) == []
    assert [name for name in found if name.startswith("pyjsapi.text")] == []
    assert "hashlib" not in found


PROGRAM_OF_WASI = f"""(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 0) "\\08\\00\\00\\00\\00\\00\\00\\00")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))))
  {"(func (drop (i32.const 1)))" * 300})"""


def test_the_command_loads_for_a_program_only_what_runs_it(tmp_path: Path) -> None:
    path = tmp_path / "program.wasm"
    path.write_bytes(wat2wasm(PROGRAM_OF_WASI))
    use = f"from pyjsapi.cli import main; assert main(['run', {str(path)!r}]) == 0"
    folder = str(tmp_path / "codes")
    loaded(use, folder)
    found = loaded(use, folder)
    assert "pyjsapi.wasi.wasi" in found
    assert beyond_kept(found) == []
    assert sorted(name for name in found if name.startswith("pyjsapi.cli.")) == [
        f"pyjsapi.cli.{name}"
        for name in ("exits", "files", "main", "running", "surroundings", "values")
    ]
    others = ("pyjsapi.agents", "pyjsapi.text", "pyjsapi.snapshots", "pyjsapi.sharing")
    assert [name for name in found if name.startswith(others)] == []
