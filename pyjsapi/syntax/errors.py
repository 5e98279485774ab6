"""The small typed errors of the core. Only :mod:`pyjsapi.jsapi` turns them into the JS API's classes."""

from __future__ import annotations

from typing import Any, Final


class WasmError(Exception):
    """Base of everything that the core raises on purpose."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        # By its attributes, whatever the constructor takes: pools of processes send exceptions.
        return _restored, (type(self), self.args, vars(self))


def _restored(class_: type[WasmError], args: tuple[Any, ...], state: dict[str, Any]) -> WasmError:
    error = class_.__new__(class_, *args)
    error.args = args
    vars(error).update(state)
    return error


class DecodeError(WasmError):
    """Malformed binary: what is wrong and the byte offset in the module."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset

    def __str__(self) -> str:
        return f"{self.message} (at offset {self.offset:#x})"


class ParseError(WasmError):
    """Malformed text: what is wrong, with line and column (both from 1) and the line itself."""

    def __init__(self, message: str, line: int, column: int, source_line: str = "") -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.source_line = source_line

    def __str__(self) -> str:
        where = f"{self.line}:{self.column}: {self.message}"
        return where + _quoted(self.source_line, self.column)


_MARGIN: Final = 60
"""Characters of a line that are quoted on each side of a mistake."""


def _quoted(line: str, column: int) -> str:
    """A part of a line with a caret below it, to follow a message."""
    if not line:
        return ""
    at = column - 1
    start, end = max(at - _MARGIN, 0), at + _MARGIN
    before = ("…" if start else "") + line[start:at]
    after = line[at:end] + ("…" if end < len(line) else "")
    caret = "".join("\t" if c == "\t" else " " for c in before)
    return f"\n  {before}{after}\n  {caret}^"


class ValidationError(WasmError):
    """A module that decodes but is not valid. Location fields are filled in as far as they are known."""

    def __init__(
        self,
        message: str,
        *,
        funcidx: int | None = None,
        instruction: int | None = None,
        mnemonic: str | None = None,
        offset: int | None = None,
    ) -> None:
        super().__init__(message)
        self.funcidx = funcidx
        self.instruction = instruction
        """Position of the instruction in the function's body or constant expression."""
        self.mnemonic = mnemonic
        self.offset = offset
        self.func_name: str | None = None
        """The function's name, where the module has one for it."""
        self.item: tuple[str, int] | None = None
        """Section and position in it, of what lies outside of function bodies."""
        self.line: int | None = None
        """Where it is in the text that the module was made from, if that is known; from 1, as the column."""
        self.column = 1
        self.source_line = ""

    def __str__(self) -> str:
        where = []
        if self.funcidx is not None:
            name = "" if self.func_name is None else f" {_identifier(self.func_name)}"
            where.append(f"in function #{self.funcidx}{name}")
        if self.mnemonic is not None:
            where.append(f"at {self.mnemonic}")
        if self.offset is not None:
            where.append(f"at offset {self.offset:#x}")
        message = f"{self.message} ({', '.join(where)})" if where else self.message
        if self.line is None:
            return message
        return f"{self.line}:{self.column}: {message}{_quoted(self.source_line, self.column)}"


def _identifier(name: str) -> str:
    """A name as the text format has it, in short."""
    if len(name) > 60:
        name = name[:59] + "…"
    plain = name.isprintable() and not set(name) & set(' "();,[]{}')
    return f"${name}" if plain else f'$"{repr(name)[1:-1]}"'


class FeatureError(ValidationError):
    """A module needs a feature that is switched off."""

    feature = ""
    """Its field in `Features`."""


class LinkError(WasmError):
    """An import that does not match what the module asks for, and which one that is."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message)
        self.place = place

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class Trap(WasmError):
    """Execution stopped by the specification; the message is its wording."""

    def __init__(self, message: str = "unreachable") -> None:
        super().__init__(message)


class OutOfFuel(Trap):
    """Execution stopped before instructions that the instance's fuel did not suffice for."""

    def __init__(self, message: str = "out of fuel") -> None:
        super().__init__(message)


class OutOfHostCalls(Trap):
    """Execution stopped before a call of a host function that the instance may not make any more."""

    def __init__(self, message: str = "out of host calls") -> None:
        super().__init__(message)


class DeadlineExceeded(Trap):
    """Execution stopped because a call took longer than it may."""

    def __init__(self, message: str = "deadline exceeded") -> None:
        super().__init__(message)


class Interrupted(Trap):
    """Execution stopped because the host wanted so."""

    def __init__(self, message: str = "interrupted") -> None:
        super().__init__(message)


class Exhaustion(WasmError):
    """Execution stopped because a resource of the engine ran out ("call stack exhausted")."""

    def __init__(self, message: str = "call stack exhausted") -> None:
        super().__init__(message)
