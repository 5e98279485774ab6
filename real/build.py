"""Builds the real modules: ``python -m real.build`` fills ``build/real`` from ``node_modules``.

What it makes is listed in ``build/real/manifest.json``: ``cases`` (comparison cases, see
``web/cases/README.md``), ``modules`` (each file with its size in bytes, its number of memories and
where it comes from), ``bench`` (single-memory modules with steps that use them), ``merged`` (names
of exports in merged modules) and ``sqlite`` (the names of SQLite's exports). Nothing is done when
nothing changed; ``--force`` builds anyway.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from real import components, libraries
from real.binary import summarize
from real.component_cases import component_cases
from real.library_cases import bench_entries, library_cases

OUT = components.ROOT / "build" / "real"
MANIFEST = OUT / "manifest.json"
# A source map whose mappings are parsed: xxhash-wasm publishes one with its JavaScript.
SOURCE_MAP = libraries.NODE_MODULES / "xxhash-wasm" / "workerd" / "xxhash-wasm.js.map"
# Node.js has Brotli's compressor, which Python's standard library lacks.
PACK = "process.stdout.write(require('zlib').brotliCompressSync(require('fs').readFileSync(0)))"

PACKAGES = {
    "lz4": "lz4-wasm-nodejs",
    "xxhash": "xxhash-wasm",
    "mappings": "source-map",
    "brotli": "brotli-dec-wasm",
    "sqlite": "sql.js",
    **dict.fromkeys(libraries.HASHES, "hash-wasm"),
}
TOOLS = ("@bytecodealliance/jco-transpile", "binaryen")


class BuildError(Exception):
    """Something that the build needs is missing; the message says what and how to get it."""


def version(package: str) -> str:
    """The installed version of an npm package."""
    path = libraries.NODE_MODULES / package / "package.json"
    if not path.is_file():
        raise BuildError(f"the npm package {package} is not installed: run `make setup`")
    text: str = json.loads(path.read_text())["version"]
    return text


def _inputs() -> Iterator[str]:
    for package in sorted({*PACKAGES.values(), *TOOLS}):
        yield f"{package}@{version(package)}"
    here = components.HERE
    for path in sorted(here.rglob("*")):
        if path.is_file() and path.suffix in (".py", ".mjs", ".wat"):
            yield f"{path.relative_to(here)} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def stamp() -> str:
    """The hash of everything that the result depends on."""
    return hashlib.sha256("\n".join(_inputs()).encode()).hexdigest()


def pack(data: bytes) -> bytes:
    """``data`` as a Brotli stream."""
    command = ["node", "-e", PACK]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def _source(path: Path) -> str:
    """Where a module comes from, in words."""
    if path.parent.name != "libraries":
        return f"made by jco-transpile {version(TOOLS[0])} from components/{path.parent.name}.wat"
    if path.stem in PACKAGES:
        return f"{PACKAGES[path.stem]} {version(PACKAGES[path.stem])}"
    members = next(merged.members for merged in libraries.MERGED if merged.name == path.stem)
    return f"merged by Binaryen {version('binaryen')} of {', '.join(members)}"


def _modules() -> list[dict[str, Any]]:
    entries = []
    for path in sorted(OUT.rglob("*.wasm")):
        if path.parent.name == "parts" or path.parent == OUT / "components":
            continue
        data = path.read_bytes()
        file = path.relative_to(OUT).as_posix()
        memories = summarize(data).memories
        entries.append(
            {"file": file, "size": len(data), "memories": memories, "source": _source(path)}
        )
    return entries


def build() -> None:
    """Makes everything anew."""
    shutil.rmtree(OUT, ignore_errors=True)
    folder = OUT / "libraries"
    parts = OUT / "parts"
    folder.mkdir(parents=True)
    components.transpile(OUT / "components")
    glue = [components.SOURCES / "runtime.wat", components.SOURCES / "transcoder.wat"]
    components.assemble(OUT / "components", glue)
    components.assemble(parts, sorted(libraries.GLUE.glob("*.wat")))

    published = libraries.published()
    for name, data in published.items():
        (folder / f"{name}.wasm").write_bytes(data)
    merged = {}
    for module in libraries.MERGED:
        members = {
            name: (parts if name == module.name else folder) / f"{name}.wasm"
            for name in module.members
        }
        merged[module.name] = libraries.merge(members, folder / f"{module.name}.wasm")

    summaries = {path.stem: summarize(path.read_bytes()) for path in folder.glob("*.wasm")}
    text: str = json.loads(SOURCE_MAP.read_text())["mappings"]
    packed = pack(text.encode())
    sizes = {name: len(data) for name, data in published.items()}
    sqlite = libraries.sqlite_names()
    manifest = {
        "cases": [
            *component_cases(OUT / "components"),
            *library_cases(summaries, merged, text, packed),
        ],
        "modules": _modules(),
        "bench": bench_entries(summaries, sizes, sqlite, text),
        "merged": merged,
        "sqlite": sqlite,
    }
    MANIFEST.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """Two builds at once would write the same files."""
    OUT.parent.mkdir(exist_ok=True)
    with (OUT.parent / "real.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build_if_needed(force: bool) -> None:
    stamp_file = OUT / "stamp"
    wanted = stamp()
    current = stamp_file.read_text() if stamp_file.is_file() and MANIFEST.is_file() else ""
    if current == wanted and not force:
        return
    print("pyjsapi: building the real modules into build/real", flush=True)
    build()
    stamp_file.write_text(wanted)


def main() -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="real.build", description="Build the real modules.")
    parser.add_argument("--force", action="store_true", help="build even if nothing changed")
    options = parser.parse_args()
    try:
        with _locked():
            _build_if_needed(options.force)
    except BuildError as error:
        print(f"pyjsapi: cannot go on: {error}", file=sys.stderr)
        return 1
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"pyjsapi: cannot go on: building the real modules failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
