"""Published libraries with WebAssembly inside, and modules merged of them by ``wasm-merge``."""

from __future__ import annotations

import base64
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from real.binary import summarize
from real.components import HERE, ROOT

NODE_MODULES = ROOT / "node_modules"
GLUE = HERE / "libraries"
# What wasm-merge may keep: the features of WebAssembly 2.0 without SIMD, and several memories.
FEATURES = (
    "mvp-features",
    "enable-mutable-globals",
    "enable-multimemory",
    "enable-bulk-memory",
    "enable-bulk-memory-opt",
    "enable-sign-ext",
    "enable-nontrapping-float-to-int",
    "enable-multivalue",
    "enable-reference-types",
)

HASHES = (
    "adler32",
    "blake2b",
    "blake2s",
    "blake3",
    "crc32",
    "crc64",
    "md4",
    "md5",
    "ripemd160",
    "sha1",
    "sha256",
    "sha3",
    "sha512",
    "sm3",
    "whirlpool",
    "xxhash32",
    "xxhash64",
    "xxhash3",
    "xxhash128",
)


@dataclass(frozen=True)
class Merged:
    """A module of several, in order; a member of the same name is our own (``libraries/*.wat``)."""

    name: str
    members: tuple[str, ...]


MERGED = (
    Merged("hashes", HASHES),
    Merged("fingerprint", ("lz4", "xxhash", "fingerprint")),
    Merged("packed_mappings", ("brotli", "mappings", "packed_mappings")),
)


def published() -> dict[str, bytes]:
    """The modules of the libraries by the name used here, as they are in the npm packages."""
    files = {
        "lz4": "lz4-wasm-nodejs/lz4_wasm_nodejs_bg.wasm",
        "xxhash": "xxhash-wasm/workerd/xxhash.wasm",
        "mappings": "source-map/lib/mappings.wasm",
        "brotli": "brotli-dec-wasm/pkg/brotli_dec_wasm_bg.wasm",
        "sqlite": "sql.js/dist/sql-wasm.wasm",
    }
    modules = {name: (NODE_MODULES / path).read_bytes() for name, path in files.items()}
    for name in HASHES:
        modules[name] = _embedded(NODE_MODULES / "hash-wasm" / "dist" / f"{name}.umd.min.js")
    return modules


def _embedded(script: Path) -> bytes:
    """The one module that a script of hash-wasm carries as base64."""
    # "AGFzbQ" is the magic number "\0asm" in base64
    found = set(re.findall(r'"(AGFzbQ[A-Za-z0-9+/=]+)"', script.read_text()))
    if len(found) != 1:
        raise ValueError(f"{script} carries {len(found)} modules, one is expected")
    text = found.pop()
    return base64.b64decode(text + "=" * (-len(text) % 4))


def sqlite_names() -> dict[str, str]:
    """The exports of sql.js's module by SQLite's names: ``sqlite3_open`` -> its short name."""
    text = (NODE_MODULES / "sql.js" / "dist" / "sql-wasm.js").read_text()
    return dict(re.findall(r"\b\w+\._(\w+)=\w+\.([\w$]+)(?=[;,}\s])", text))


def merge(members: Mapping[str, Path], out: Path) -> dict[str, dict[str, str]]:
    """Merges modules (name -> file) and returns member -> export -> its name in the merged module.

    wasm-merge makes names that occur twice different; their order stays.
    """
    pairs = [str(word) for name, path in members.items() for word in (path, name)]
    command = [str(NODE_MODULES / ".bin" / "wasm-merge"), *pairs, "--rename-export-conflicts"]
    command += [*(f"--{feature}" for feature in FEATURES), "-o", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, stdin=subprocess.DEVNULL)
    names = iter(name for name, _ in summarize(out.read_bytes()).exports)
    renamed = {
        member: {name: next(names) for name, _ in summarize(path.read_bytes()).exports}
        for member, path in members.items()
    }
    if (rest := list(names)) or any(
        re.sub(r"_\d+$", "", new) != re.sub(r"_\d+$", "", old)
        for table in renamed.values()
        for old, new in table.items()
    ):
        raise ValueError(f"the exports of {out.name} are not in the order of its members: {rest}")
    return renamed
