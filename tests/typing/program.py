"""A program of somebody who checks types: `mypy --strict` and pyright have nothing to say of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from pyjsapi import Atomics, Features, Int32Array, Limits, Uint8Array, WebAssembly, Worker, wat2wasm


def compiled(path: Path) -> WebAssembly.Module:
    data = path.read_bytes()
    if not WebAssembly.validate(data):
        raise ValueError(path)
    return WebAssembly.Module(data, features={"gc": False}, limits=Limits(memories=4))


def memories() -> int:
    memory = WebAssembly.Memory(initial=1, maximum=4)
    shared = WebAssembly.Memory({"initial": 1, "maximum": 2, "shared": True})
    other = WebAssembly.Memory(
        minimum=1, maximum=2, address="i64", pageSize=1, features=Features(memory64=True)
    )
    view = Uint8Array(memory.buffer)
    view[0:2] = b"ab"
    Atomics.add(Int32Array(shared.buffer), 0, 1)
    return memory.grow(1) + other.grow(1)


def tables_and_globals() -> float:
    table = WebAssembly.Table(element="anyfunc", initial=2, maximum=8)
    function = table.get(0)
    result = function_result(function) if function else 0
    values = WebAssembly.Table({"element": "externref", "initial": 1}, "x")
    values.set(0, values.get(0))
    counter = WebAssembly.Global({"value": "i64", "mutable": True}, 1)
    counter.value += 1
    ratio: WebAssembly.Global[float] = WebAssembly.Global(value="f64", mutable=True)
    ratio.value = counter.value / 2
    whole: int = counter.value
    return whole + ratio.value + result


def function_result(function: Callable[[], float]) -> float:
    return function()


def exceptions(exports_f: Callable[[int], int]) -> int:
    tag = WebAssembly.Tag(parameters=["i32", "externref"])
    try:
        return exports_f(1)
    except WebAssembly.Exception as error:
        return error.getArg(tag, 0) if error.is_(tag) else 0
    except (WebAssembly.RuntimeError, WebAssembly.LinkError, WebAssembly.CompileError) as error:
        return len(str(error))


async def instances(data: bytes) -> int:
    module = await WebAssembly.compile(data)
    first = await WebAssembly.instantiate(module, {"env": {"f": lambda: 1}})
    source = await WebAssembly.instantiate(data, {})
    second: WebAssembly.Instance = source.instance
    assert isinstance(source.module, WebAssembly.Module)
    add: Callable[[int, int], int] = first.exports.add
    names = list(second.exports) + list(first.exports)
    exports = {name: second.exports[name] for name in second.exports}
    return add(1, 2) + len(names) + len(exports) + len(first.exports)


def workers(path: Path) -> object:
    with Worker(path, kind="process") as worker:
        worker.postMessage({"a": [1]})
        worker.onmessage = lambda event: print(event.data)
        return worker.receive(1.5)


if __name__ == "__main__":
    asyncio.run(instances(wat2wasm("(module)")))
