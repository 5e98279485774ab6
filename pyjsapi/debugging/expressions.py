"""What people write about a frame: conditions of breakpoints, and what ``print`` and addresses are computed from."""

from __future__ import annotations

import ast
import operator
import re
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.debugging.errors import DebugError

if TYPE_CHECKING:
    from pyjsapi.debugging.debugger import Debugger

_MARK: Final = re.compile(r"_([0-9]+)_")
"""What stands for a `$name` while Python parses."""
_NAME: Final = re.compile(r"\$([^\s()+\-*/%&|^<>=!~,\[\]]+)")
_BINARY: Final[dict[type, Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.BitXor: operator.xor, ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
_UNARY: Final[dict[type, Callable[[Any], Any]]] = {
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
    ast.Not: lambda value: int(not value),
}
_READERS: Final = {
    "u8": "<B", "i8": "<b", "u16": "<H", "i16": "<h", "u32": "<I", "i32": "<i", "u64": "<Q", "i64": "<q",
    "f32": "<f", "f64": "<d",
}  # fmt: skip
_MOST_BITS: Final = 256

HELP: Final = """\
Locals are $name or l0, l1 …; operands s0 (the lowest), s1 …; globals g0, g1 …. Whole numbers, 0x… too,
with + - * // % & | ^ << >> ~, comparisons, and, or, not. u8(a) i8 u16 i16 u32 i32 u64 i64 f32 f64 read
memory 0 at an address, i32(a, 1) memory 1."""


def parsed(text: str) -> tuple[ast.expr, list[str]]:
    """An expression as a tree, and the names that are marked in it. Raises `DebugError`."""
    names: list[str] = []

    def name(found: re.Match[str]) -> str:
        names.append(found[1])
        return f"_{len(names) - 1}_"

    try:
        return ast.parse(_NAME.sub(name, text.strip()), mode="eval").body, names
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise DebugError(f"{text.strip()!r} is no expression; `help print` says what is") from None


class Expressions:
    """Computes in a frame of a debugger."""

    def __init__(self, debugger: Debugger, frame: int) -> None:
        self._debugger = debugger
        self._frame = frame

    def value(self, text: str) -> Any:
        """The value of an expression: a number, or a text for what is no number. Raises `DebugError`."""
        tree, names = parsed(text)
        try:
            return self._of(tree, names)
        except (ZeroDivisionError, OverflowError, ValueError, RecursionError) as error:
            raise DebugError(f"{text.strip()}: {error}") from None
        except TypeError:
            raise DebugError(f"{text.strip()}: it can be computed with numbers only") from None

    def number(self, text: str) -> int:
        """A whole number, not below 0. Raises `DebugError`."""
        found = self.value(text)
        if not isinstance(found, int) or found < 0:
            shown = "" if text.strip() == str(found) else f" is {found}"
            raise DebugError(f"{text.strip()}{shown}: a whole number from 0 is needed")
        return found

    def _of(self, node: ast.expr, names: list[str]) -> Any:
        if isinstance(node, ast.Constant) and node.value.__class__ in (int, float):
            return node.value
        if isinstance(node, ast.Name):
            return self._name(node.id, names)
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            left, right = self._of(node.left, names), self._of(node.right, names)
            if isinstance(node.op, ast.LShift) and right > _MOST_BITS:
                raise DebugError("no value has so many bits")
            return _BINARY[type(node.op)](left, right)
        if isinstance(node, ast.BoolOp):
            stops_at = isinstance(node.op, ast.Or)
            return int(
                any(bool(self._of(each, names)) is stops_at for each in node.values) is stops_at
            )
        if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
            return _UNARY[type(node.op)](self._of(node.operand, names))
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _BINARY:
            compare = _BINARY[type(node.ops[0])]
            return int(compare(self._of(node.left, names), self._of(node.comparators[0], names)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            return self._read(node.func.id, [self._of(each, names) for each in node.args])
        raise DebugError("that is more than `print` can compute; `help print` says what it can")

    def _name(self, name: str, names: list[str]) -> Any:
        marked = _MARK.fullmatch(name)
        if marked is not None and int(marked[1]) < len(names):
            wanted = names[int(marked[1])]
            for local in self._debugger.frame(self._frame).get("locals", ()):
                if wanted in (local["name"], str(local["index"])):
                    return _plain(local)
            for one in self._debugger.globals():
                if one["name"] == wanted:
                    return _plain(one)
            raise DebugError(f"there is no ${wanted} here: neither a local nor a global")
        kind, index = name[:1], name[1:]
        if kind in ("l", "s", "g") and index.isdecimal():
            found = self._listed(kind)
            if int(index) < len(found):
                return _plain(found[int(index)])
        raise DebugError(f"there is no {name} here")

    def _listed(self, kind: str) -> list[dict[str, Any]]:
        if kind == "g":
            return self._debugger.globals()
        frame = self._debugger.frame(self._frame)
        found: list[dict[str, Any]] = frame.get("locals" if kind == "l" else "operands", [])
        return found

    def _read(self, name: str, arguments: list[Any]) -> Any:
        layout = _READERS.get(name)
        if layout is None or len(arguments) not in (1, 2):
            raise DebugError(f"{name}() reads no memory; there are {', '.join(_READERS)}")
        memory = arguments[1] if len(arguments) == 2 else 0
        data = self._debugger.memory(memory, arguments[0], struct.calcsize(layout))
        if len(data) < struct.calcsize(layout):
            raise DebugError(f"address {arguments[0]:#x} is at the end of memory {memory}")
        return struct.unpack(layout, data)[0]


def _plain(value: dict[str, Any]) -> Any:
    text: str = value["value"]
    if value["type"] in ("i32", "i64"):
        return int(text)
    if value["type"] in ("f32", "f64") and "nan:" not in text:
        return float(text)
    return text
