"""Components of inner components with their own memories, and the core modules jco makes of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SOURCES = HERE / "components"


@dataclass(frozen=True)
class Encoding:
    """A string encoding of the canonical ABI: its Python codec and the bytes of a code unit."""

    name: str
    codec: str
    width: int
    load: str
    store: str

    def substitutions(self, role: str) -> dict[str, str]:
        """What the place-holders of ``strings.wat`` stand for when ``role`` uses this encoding."""
        hello = "hello, ".encode(self.codec)
        return {
            f"{role}_ENCODING": self.name,
            f"{role}_WIDTH": str(self.width),
            f"{role}_LOAD": self.load,
            f"{role}_STORE": self.store,
            f"{role}_HELLO": "".join(f"\\{byte:02x}" for byte in hello),
            f"{role}_HELLO_BYTES": str(len(hello)),
        }


UTF8 = Encoding("utf8", "utf-8", 1, "i32.load8_u", "i32.store8")
UTF16 = Encoding("utf16", "utf-16-le", 2, "i32.load16_u", "i32.store16")

# jco-transpile 0.15 refuses the other pairs: it has no transcoder for them.
STRING_PAIRS = ((UTF8, UTF8), (UTF8, UTF16), (UTF16, UTF8))


def string_component(front: Encoding, back: Encoding) -> str:
    """The name of the ``strings.wat`` component with these encodings."""
    return f"strings-{front.name}-{back.name}"


def sources() -> dict[str, str]:
    """The text of each component by name."""
    allocator = {"ALLOCATOR": (SOURCES / "allocator.wat").read_text()}
    texts = {
        string_component(front, back): _render(
            "strings", {**allocator, **front.substitutions("FRONT"), **back.substitutions("BACK")}
        )
        for front, back in STRING_PAIRS
    }
    for name in ("chain", "lists", "records"):
        texts[name] = _render(name, allocator)
    return texts


def _render(name: str, substitutions: Mapping[str, str]) -> str:
    text = (SOURCES / f"{name}.wat").read_text()
    for key, value in substitutions.items():
        text = text.replace(f"@{key}@", value)
    if "@" in text:
        raise ValueError(f"{name}.wat has a place-holder without a value")
    return text


def _node(*arguments: str | Path) -> None:
    subprocess.run(
        ["node", str(HERE / "transpile.mjs"), *map(str, arguments)],
        cwd=ROOT,
        check=True,
        stdin=subprocess.DEVNULL,
    )


def transpile(out: Path) -> None:
    """Writes the core modules, the glue and the wiring of every component to ``out``/name/."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, text in sources().items():
            path = Path(folder, f"{name}.wat")
            path.write_text(text)
            paths.append(path)
            shutil.rmtree(out / name, ignore_errors=True)
        _node(out, *paths)


def assemble(out: Path, paths: Iterable[Path]) -> None:
    """Assembles modules of the text format: ``out``/name.wasm for each name.wat."""
    _node("--parse", out, *paths)


def read_wiring(folder: Path) -> dict[str, Any]:
    """The recorded wiring of a component: see ``transpile.mjs``."""
    wiring: dict[str, Any] = json.loads((folder / "wiring.json").read_text())
    return wiring
