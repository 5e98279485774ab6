"""What an interpreter and its host say to each other: the functions ``env.host_…`` that its module imports.

- ``host_write(stream, address, length)``: text; the stream is 1 for output, 2 for errors, 3 for the value of what was
  run (JSON), 4 for the exception that it raised.
- ``host_call(name, length, arguments, length) -> i32``: call a function with arguments in a list of JSON. The result
  is JSON too; how long it is, or negated, how long the text of the exception is that the function raised.
- ``host_take(address, length)``: have that written.

Bytes go another way than JSON, which takes interpreters long: those of files that are read are the text of an
exception, behind a sign; those to be written are output, after a call that says so (`LISTEN`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from pyjsapi import WebAssembly
from pyjsapi.runtime import MemInst
from pyjsapi.sandbox.errors import OutputLimitExceeded
from pyjsapi.syntax.errors import OutOfHostCalls, Trap
from pyjsapi.wasi.abi import WasiError
from pyjsapi.wasi.guest import GuestMemory

OUTPUT, ERRORS, VALUE, EXCEPTION = 1, 2, 3, 4
READ_LINE: Final = "__input__"
RETURN: Final = "__value__"
FILES: Final = "__files__"
LISTEN: Final = "__listen__"
"""Names of the functions that sandboxes have for themselves."""
SIGN: Final = b"="
"""Before bytes where an exception is expected."""
AT_ONCE: Final = 1 << 16
"""Bytes that go at once between code and files at most: code goes on with the next."""
_MASK: Final = 0xFFFFFFFF


class Bridge:
    """The host's side of it, for one instance."""

    def __init__(
        self,
        functions: Mapping[str, Callable[..., Any]],
        most: int,
        most_calls: int | None = None,
        files: Callable[..., Any] | None = None,
    ) -> None:
        if files is not None:
            functions = {
                **functions,
                FILES: lambda *given: files(self._heard_data(), *given),
                LISTEN: self._listen,
            }
        self._functions: dict[str, Callable[..., Any]] = {
            **functions,
            READ_LINE: self._read_line,
            RETURN: self._return,
        }
        self._own = frozenset((READ_LINE, RETURN, FILES, LISTEN))
        self._most = most
        self._most_calls = most_calls
        self._calls = 0
        self._memory: GuestMemory | None = None
        self._pending = b""
        self._input: list[str] = []
        self._heard: bytearray | None = None
        """What is written to the output and is not meant for it."""
        self._streams: dict[int, bytearray] = {}
        self.returned: Any = None
        """What the code last gave by `RETURN`."""
        self.begin("")

    def begin(self, given: str) -> None:
        """Forget what was written; ``given`` is what the code can read."""
        self._streams = {each: bytearray() for each in (OUTPUT, ERRORS, VALUE, EXCEPTION)}
        self._input = given.splitlines(keepends=True)[::-1]
        self.returned = None
        self._calls = 0
        self._heard = None

    def text(self, stream: int) -> str:
        """What was written to a stream."""
        return self._streams[stream].decode("utf-8", "replace")

    def imports(self) -> dict[str, Callable[..., Any]]:
        """The functions."""
        return {
            "host_write": self._write,
            "host_call": self._call,
            "host_take": self._take,
            "host_interrupt": lambda: 0,  # what ends code here is no matter of the guest's
        }

    def bind(self, memory: MemInst) -> None:
        """Let the functions use a memory."""
        self._memory = GuestMemory(memory)

    def put(self, address: int, data: bytes) -> None:
        """Write to the memory, from outside. Raises `WebAssembly.RuntimeError`."""
        try:
            self._put(address, data)
        except Trap as error:
            raise WebAssembly.RuntimeError(str(error)) from None

    def _put(self, address: int, data: bytes) -> None:
        self._access(lambda memory: memory.write(address & _MASK, data))

    def _get(self, address: int, length: int) -> bytes:
        found: bytes = self._access(lambda memory: memory.read(address & _MASK, length & _MASK))
        return found

    def _access(self, access: Callable[[GuestMemory], Any]) -> Any:
        if self._memory is None:  # a start function calls before there is an instance
            raise Trap("the host's functions were called too early")
        try:
            return access(self._memory)
        except WasiError:
            raise Trap("out of bounds memory access") from None

    def _write(self, stream: int, address: int, length: int) -> None:
        sink = self._streams.get(stream, self._streams[EXCEPTION])
        if stream == OUTPUT and self._heard is not None:
            self._hear(self._heard, address, length)
            return
        if len(sink) + (length & _MASK) > self._most:
            raise OutputLimitExceeded(f"the code wrote more than {self._most} bytes")
        sink += self._get(address, length)

    def _call(self, name: int, name_length: int, arguments: int, length: int) -> int:
        called = self._get(name, name_length).decode("utf-8", "replace")
        given = self._get(arguments, length)
        if called not in self._own:
            if self._calls == self._most_calls:
                raise OutOfHostCalls()
            self._calls += 1
        try:
            function = self._functions.get(called)
            if function is None:
                raise NameError(f"the host has no function {called!r}")
            result = function(*json.loads(given))
            if isinstance(result, bytes) and called == FILES:
                self._pending = SIGN + result
                return -len(self._pending)
            self._pending = _encoded(result)
        except Exception as error:  # it becomes one of the guest's
            self._pending = f"{type(error).__name__}: {error}".encode("utf-8", "replace")
            return -len(self._pending)
        return len(self._pending)

    def _listen(self) -> None:
        self._heard = bytearray()

    def _hear(self, heard: bytearray, address: int, length: int) -> None:
        if len(heard) + (length & _MASK) > AT_ONCE:
            raise OutputLimitExceeded(f"the code wrote more than {AT_ONCE} bytes to a file at once")
        heard += self._get(address, length)

    def _heard_data(self) -> bytes:
        data, self._heard = self._heard, None
        return bytes(data or b"")

    def _take(self, address: int, length: int) -> None:
        self._put(address, self._pending[: length & _MASK])

    def _read_line(self) -> str:
        if not self._input:
            raise EOFError("there is nothing more to read")
        return self._input.pop().removesuffix("\n")

    def _return(self, value: Any) -> None:
        self.returned = value


def _encoded(value: Any) -> bytes:
    """A value as JSON, in characters as they are: MicroPython takes escapes of them for bytes."""
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half of a pair, which JavaScript may have
        return json.dumps(value, allow_nan=False).encode()
