"""Runs the programs of ``generator.py`` on pyjsapi and tells what could be observed, as ``programs.mjs`` does."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Final

from pyjsapi import RangeError, Uint8Array, WebAssembly

VISIBLE_BYTES: Final = 512
_MASK: Final = 0xFFFFFFFF


def _signed(value: int) -> int:
    return (value & _MASK ^ 0x80000000) - 0x80000000


def look(memory: Any) -> list[int]:
    """What the host sees of a memory: its size and its first bytes."""
    buffer = memory.buffer
    size = min(VISIBLE_BYTES, buffer.byteLength)
    value = 0
    for byte in bytes(Uint8Array(buffer, 0, size)[:]):
        value = value * 31 + byte & _MASK
    return [buffer.byteLength, _signed(value)]


class _Host:
    """What the host does when it is called; see ``makeHost``."""

    def __init__(self, observed: list[Any], visible: Callable[[], list[Any]]) -> None:
        self._observed = observed
        self._visible = visible
        self._calls = 0

    def __call__(self, argument: int) -> int:
        self._calls += 1
        memories = self._visible()
        self._observed.append(["host", argument, *map(look, memories)])
        if not memories:
            return argument ^ self._calls
        memory = memories[self._calls % len(memories)]
        view = Uint8Array(memory.buffer)
        length = view.length
        if length > 0:
            view[argument & 1023] = self._calls & 0xFF
        if self._calls == 3:
            try:
                self._observed.append(["grow", memory.grow(1)])
            except RangeError:
                self._observed.append(["grow", "RangeError"])
            # Growth detached the buffer, unless it is shared: then the view stays as it was.
            length = view.length
        return int(view[argument >> 8 & 1023]) if length > 0 else self._calls


def _attempt(observed: list[Any], name: str, action: Callable[[], Any]) -> Any:
    try:
        value = action()
    except (WebAssembly.RuntimeError, WebAssembly.LinkError, RangeError) as error:
        observed.append([name, error.name])
        return None
    observed.append([name, "undefined" if not isinstance(value, int) else str(value)])
    return value


def run_program(program: dict[str, Any]) -> list[Any]:
    """Run a program; the observations, as plain JSON."""
    observed: list[Any] = []
    env: dict[str, Any] = {}
    imported: list[Any] = []
    for entry in program["imports"]:
        if entry["sameAs"] is not None:
            memory = imported[entry["sameAs"]]
        else:
            limits = {"initial": entry["initial"], "shared": entry["shared"]}
            if entry["maximum"] is not None:
                limits["maximum"] = entry["maximum"]
            memory = WebAssembly.Memory(limits)
        imported.append(memory)
        env[entry["name"]] = memory
    exported: list[Any] = []
    env["host"] = _Host(observed, lambda: [*imported, *exported])
    module = WebAssembly.Module(base64.b64decode(program["bytes"]))
    instance = _attempt(observed, "instantiate", lambda: WebAssembly.Instance(module, {"env": env}))
    if instance is None:
        return [*observed, *map(look, imported)]
    exports = instance.exports
    exported += [exports[name] for name in exports if isinstance(exports[name], WebAssembly.Memory)]
    observed.append(list(exports))
    observed.append([_index(imported, memory) for memory in exported])
    for name, first, second in program["calls"]:
        function = exports[name]
        _attempt(observed, name, lambda call=function, a=first, b=second: call(a, b))
        observed += [
            [exports[f"size{k}"](), exports[f"digest{k}"]()] for k in range(program["memories"])
        ]
        observed.append([look(memory) for memory in (*imported, *exported)])
    return observed


def _index(memories: list[Any], memory: Any) -> int:
    return next((k for k, other in enumerate(memories) if other is memory), -1)
