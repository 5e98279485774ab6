"""Modules with several memories do the same when they are rewritten for engines that have one per module.

``pyjsapi.lowering`` makes of such a module an ordinary one, and leaves a plan in a custom section of it: memories that
nobody sees are put behind each other in one, others go to helper modules with functions for each access. In JavaScript
the polyfill's linker puts the parts together; the one here does so in a few lines. Four programs, each with five ways
to declare its memories, run as they are and lowered; results, traps and memories must be the same.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pyjsapi import Uint8Array, WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.report import Report, seconds
from pyjsapi.lowering import SECTION, lower

MEMORIES = {
    "private": "(memory $a 1 3) (memory $b 1 2)",
    "one exported": '(memory $a 1 3) (memory $b (export "b") 1 2)',
    "both exported": '(memory $a (export "a") 1 3) (memory $b (export "b") 1 2)',
    "one imported": '(import "host" "m" (memory $b 1 2)) (memory $a 1 3)',
    "shared": '(memory $a 1 3) (memory $b (export "b") 1 2 shared)',
}
PROGRAMS = {
    "stores, loads and their sum": """
      (func (export "run") (param $n i32) (result i64) (local $i i32) (local $at i32) (local $sum i64)
        (loop $more
          (local.set $at (i32.shl (local.get $i) (i32.const 2)))
          (i64.store32 $a (local.get $at) (i64.mul (i64.extend_i32_u (local.get $i)) (i64.const 97)))
          (i32.store16 $b offset=7 (local.get $at) (i32.load $a (local.get $at)))
          (local.set $sum (i64.add (local.get $sum) (i64.load8_s $b offset=8 (local.get $at))))
          (br_if $more (i32.le_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
        (local.get $sum))""",
    "copies and fills": """
      (data $d "bytes of a segment")
      (func (export "run") (param $n i32) (result i64)
        (memory.init $a $d (local.get $n) (i32.const 0) (i32.const 18))
        (memory.copy $b $a (i32.const 3) (local.get $n) (i32.const 18))
        (memory.fill $b (i32.const 10) (local.get $n) (i32.const 5))
        (memory.copy $b $b (i32.const 5) (i32.const 3) (i32.const 18))
        (memory.copy $a $b (i32.const 100) (i32.const 0) (i32.const 40))
        (i64.xor (i64.load $a (i32.const 105)) (i64.load $b (i32.const 11))))""",
    "growth": """
      (func (export "run") (param $n i32) (result i64)
        (i64.extend_i32_s (i32.add
          (i32.mul (memory.grow $a (local.get $n)) (i32.const 1000))
          (i32.add (i32.mul (memory.grow $b (local.get $n)) (i32.const 100))
            (i32.add (i32.mul (memory.size $a) (i32.const 10)) (memory.size $b))))))""",
    "the end of each memory": """
      (func (export "run") (param $n i32) (result i64)
        (i32.store8 $a (i32.const 65535) (local.get $n))
        (i64.store $b (i32.add (i32.const 65530) (i32.rem_u (local.get $n) (i32.const 5))) (i64.const -1))
        (i64.load8_u $a (i32.const 65535)))""",
}
ARGUMENTS = (0, 1, 3, 500, 65_000)
ONE_MEMORY = {"multi_memory": False}


class Supply(Mapping[str, Any]):
    """Imports in the order in which they are asked for: those that lowering adds have no names."""

    def __init__(self, values: Iterator[Any], depth: int = 0) -> None:
        self.values_left, self.depth = values, depth

    def __getitem__(self, name: str) -> Any:
        return next(self.values_left) if self.depth else Supply(self.values_left, 1)

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[str]:
        return iter(())


def link(data: bytes, values: list[Any]) -> dict[str, Any]:
    """The exports of a lowered module, on an engine that has one memory per module."""
    module = WebAssembly.Module(data, features=ONE_MEMORY)
    section = Uint8Array(WebAssembly.Module.customSections(module, SECTION)[0]).tobytes()
    size = at = 0
    while True:  # LEB128
        size |= (section[at] & 127) << 7 * at
        at += 1
        if section[at - 1] < 128:
            break
    plan = json.loads(section[at : at + size])
    at += size + plan["reader"]["size"]
    helpers: list[Any] = []

    def find(source: Any) -> Any:
        if isinstance(source, int):
            return values[source]
        if source[0] != "copy":
            return helpers[source[0]][source[1]]

        def copy(start: int, origin: int, count: int) -> None:
            to, from_ = (Uint8Array(find(each).buffer) for each in source[1:])
            to[start : start + count] = from_[origin : origin + count]

        return copy

    def instance(code: WebAssembly.Module, sources: list[Any]) -> Any:
        return WebAssembly.Instance(code, Supply(find(source) for source in sources)).exports

    for helper in plan["helpers"]:
        code = WebAssembly.Module(section[at : at + helper["size"]], features=ONE_MEMORY)
        at += helper["size"]
        helpers.append(instance(code, helper["sources"]))
    exports = instance(module, plan["sources"])
    return {
        name: find(rest[0]) if rest and rest[0] is not None else exports[name]
        for name, _, _, *rest in plan["exports"]
    }


def transcript(exports: Mapping[str, Any], imported: list[Any]) -> list[Any]:
    """What a program answers to each argument, and what is in the memories that can be seen."""
    said: list[Any] = []
    for argument in ARGUMENTS:
        try:
            said.append(exports["run"](argument))
        except WebAssembly.RuntimeError as trap:
            said.append(str(trap))
    memories = [exports[name] for name in ("a", "b") if name in exports]
    return [*said, *(Uint8Array(memory.buffer).tobytes() for memory in [*memories, *imported])]


@demo(checks="UC-10b")
def main(report: Report) -> None:
    """Run each program as it is, and lowered."""
    for name, body in PROGRAMS.items():
        for kind, memories in MEMORIES.items():
            data = wat2wasm(f"(module {memories} {body})")
            imports: list[list[WebAssembly.Memory]] = [[], []]
            if "import" in memories:
                imports = [[WebAssembly.Memory(initial=1, maximum=2)] for _ in imports]
            host = {"host": dict(zip("m", imports[0], strict=False))}
            own = WebAssembly.Instance(WebAssembly.Module(data), host).exports
            linked = link(lower(data), imports[1])
            same = transcript(linked, imports[1]) == transcript(dict(own), imports[0])
            report.check(f"{name}: {kind}", same, "UC-10b")
            if name.startswith("stores"):
                ratio = seconds(partial(linked["run"], 500)) / seconds(partial(own.run, 500))
                report.figure(f"time when lowered, {kind}", ratio, "times that of the original")


if __name__ == "__main__":
    sys.exit(main())
