"""Mistakes that type checkers find. After each stands what mypy and pyright call it; a test compares, line by line."""

# pyright: standard

from __future__ import annotations

from pyjsapi import WebAssembly, Worker

WebAssembly.Memory(initial=1, maxmum=3)  # call-arg | CallIssue
WebAssembly.Memory(initial="1")  # arg-type | ArgumentType
WebAssembly.Memory(initial=1, address="i16")  # arg-type | ArgumentType
WebAssembly.Memory(initial=1, pageSize=4096)  # arg-type | ArgumentType
WebAssembly.Memory(initial=1, limits={"memories": "many"})  # dict-item | ArgumentType
WebAssembly.Memory(initial=1, storage="magic")  # arg-type | ArgumentType
WebAssembly.Memory(initial=1, feature={"gc": False})  # call-arg | CallIssue
WebAssembly.Table(element="anyfunc", initial=1, maxmum=2)  # call-overload | CallIssue
WebAssembly.Table(element="funcs", initial=1)  # call-overload | ArgumentType, CallIssue
WebAssembly.Table(element="externref", initial="1")  # call-overload | ArgumentType, CallIssue
WebAssembly.Global(value="i32", mutabel=True)  # call-overload | CallIssue
WebAssembly.Global(value="i33")  # call-overload | ArgumentType, CallIssue
WebAssembly.Tag(parameters=["i33"])  # list-item | ArgumentType
WebAssembly.Tag(params=["i32"])  # call-arg | CallIssue
WebAssembly.Module("add.wasm")  # arg-type | ArgumentType
WebAssembly.Module(b"", builtin=["js-string"])  # call-arg | CallIssue
WebAssembly.validate("add.wasm")  # arg-type | ArgumentType
WebAssembly.instantiate(5)  # call-overload | ArgumentType, CallIssue
print(WebAssembly.module)  # attr-defined | AttributeAccessIssue
Worker(5)  # arg-type | ArgumentType
Worker("a.py", kind="fibre")  # arg-type | ArgumentType
Worker("a.py", knd="thread")  # call-arg | CallIssue

WebAssembly.Global(
    {"value": "i32", "mutable": True}
).value = "7"  # assignment | AttributeAccessIssue
text: str = WebAssembly.Global(value="f64").value  # assignment | AssignmentType
WebAssembly.Table(element="anyfunc", initial=1).get(0)(1)  # operator | CallIssue


async def program(module: WebAssembly.Module, data: bytes) -> None:
    print((await WebAssembly.instantiate(module)).instance)  # attr-defined | AttributeAccessIssue
    print((await WebAssembly.instantiate(data)).exports)  # attr-defined | AttributeAccessIssue
    print(WebAssembly.instantiate(data).instance)  # attr-defined | AttributeAccessIssue
    print((await WebAssembly.compile(data)).instance)  # attr-defined | AttributeAccessIssue
    print(WebAssembly.Instance(module).export)  # attr-defined | AttributeAccessIssue
    WebAssembly.Instance(module).exports = 1  # assignment, misc | AttributeAccessIssue
