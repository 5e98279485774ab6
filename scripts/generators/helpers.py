"""The helper modules of the native link layer.

They are WebAssembly text, made with jinja2 from the instruction table and assembled by the project's own assembler.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jinja2

from pyjsapi.syntax.instructions import OPS, SECOND_ROWS, Imm, Op
from pyjsapi.text.convert import wat2wasm

TEMPLATES = Path(__file__).resolve().parent / "templates"
KINDS = ("heap", "native", "shared")
_LINE = 116


@dataclass(frozen=True)
class Access:
    """One function for loads or stores that do the same to canonical values."""

    names: list[str]
    bytes: int
    instruction: str
    convert: str


@dataclass(frozen=True)
class AtomicAccess:
    """One function for atomic accesses that do the same to canonical values."""

    names: list[str]
    bytes: int
    action: str
    """``load``, ``store``, ``cmpxchg``, or the combining instruction."""

    @property
    def type(self) -> str:
        """Type of the value in WebAssembly."""
        return "i64" if self.bytes == 8 else "i32"

    @property
    def python(self) -> str:
        """Suffix of the functions that convert the value."""
        return "u64" if self.bytes == 8 else "u32"

    @property
    def operands(self) -> int:
        """Arguments before the static offset."""
        return {"load": 1, "cmpxchg": 3}.get(self.action, 2)

    @property
    def _narrow(self) -> bool:
        return self.bytes in (1, 2)

    @property
    def load(self) -> str:
        """The plain load."""
        return f"{self.type}.load{8 * self.bytes}_u" if self._narrow else f"{self.type}.load"

    @property
    def store(self) -> str:
        """The plain store."""
        return f"{self.type}.store{8 * self.bytes}" if self._narrow else f"{self.type}.store"

    @property
    def instruction(self) -> str:
        """The atomic instruction."""
        bits = 8 * self.bytes if self._narrow else ""
        if self.action in ("load", "store"):
            return f"{self.type}.atomic.{self.action}{bits}" + (
                "_u" if bits and self.action == "load" else ""
            )
        return f"{self.type}.atomic.rmw{bits}.{self.action}" + ("_u" if bits else "")

    def wrapped(self, text: str) -> str:
        """A value, without the bits that the access does not have."""
        if not self._narrow:
            return text
        return f"(i32.and {text} (i32.const {(1 << 8 * self.bytes) - 1}))"


def export_name(op: Op) -> str:
    """``i32_load8_u`` for ``i32.load8_u``."""
    return op.mnemonic.replace(".", "_")


def _scalar(op: Op) -> bool:
    return op.imm is Imm.MEMARG and op.prefix == 0 and not op.mnemonic.startswith("f32")


def accesses(family: str) -> list[Access]:
    """The loads, or the stores, of everything but f32 and vectors."""
    found: dict[tuple[str, str], Access] = {}
    for op in OPS:
        if not (_scalar(op) and op.family.startswith(family)):
            continue
        type_ = op.mnemonic[:3]
        wide = op.width == 64 or (op.family.endswith("_s") and type_ == "i64")
        python = "f64" if type_ == "f64" else "u64" if wide else "u32"
        convert = ("from_" if family == "load" else "as_") + python
        instruction = op.mnemonic
        if type_ == "i64" and not wide:
            # Canonical values are the same, whatever the type: the narrower instruction does for both.
            instruction = f"i32.{op.family}" if op.width < 32 else f"i32.{family}"
        key = (instruction, convert)
        if key in found:
            found[key].names.append(export_name(op))
        else:
            found[key] = Access([export_name(op)], op.width // 8, instruction, convert)
    return list(found.values())


def atomic_accesses() -> list[AtomicAccess]:
    """Every atomic access that is not for waiting."""
    found: dict[tuple[int, str], AtomicAccess] = {}
    for op in OPS:
        if op.imm is not Imm.MEMARG or ".atomic." not in op.mnemonic or op.mnemonic[0] == "m":
            continue
        if op in SECOND_ROWS:
            continue
        action = op.mnemonic.removesuffix("_u").split(".")[-1].rstrip("0123456789")
        key = (op.width // 8, action)
        if key in found:
            found[key].names.append(export_name(op))
        else:
            found[key] = AtomicAccess([export_name(op)], *key)
    return list(found.values())


def helper_text(kind: str) -> str:
    """The text of the helper module of a kind."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined
    )
    return environment.get_template("link.wat.j2").render(
        kind=kind, loads=accesses("load"), stores=accesses("store"), atomics=atomic_accesses()
    )


def _lines(name: str, data: bytes) -> Iterator[str]:
    yield f"/** {len(data)} bytes. */"
    yield f"export const {name} ="
    text = base64.b64encode(data).decode()
    pieces = [text[i : i + _LINE] for i in range(0, len(text), _LINE)]
    for i, piece in enumerate(pieces):
        yield f'  {"+ " if i else ""}"{piece}"' + (";" if i == len(pieces) - 1 else "")


def generate() -> str:
    """The text of the generated file."""
    lines = ["// The helper modules of the native link layer, in base64."]
    texts = {name: (TEMPLATES / f"link_{name}.wat").read_text() for name in ("glue", "dispatch")}
    texts |= {kind: helper_text(kind) for kind in KINDS}
    texts["crossing"] = (TEMPLATES / "link_crossing.wat").read_text()
    for name, text in texts.items():
        lines.append("")
        lines += _lines(name, wat2wasm(text, names=False))
    return "\n".join(lines) + "\n"
