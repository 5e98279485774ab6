"""Which functions does an application need to start? A profile in a second memory tells.

A large module is split in two, what the start needs and what can come later, by a profile of a run. Where to put the
profile was the question: in the application's memory it takes addresses that belong to somebody. With
``pyjsapi.tools.instrument_profile`` it is a memory of its own with a byte for each function, which the function
sets when it is entered; the application's memory stays as it is, byte for byte, and so does its declared size. Here
the bytes are compared with what a host sees that is called by every function.
"""

import re
import sys
from functools import partial
from typing import Any

from pyjsapi import Uint8Array, WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.report import Report, seconds
from pyjsapi.tools import instrument_profile, profiled

# Every function begins in a line of its own, so that a tracer can be written into it.
APPLICATION = """
(module
  (import "host" "enter" (func $enter (param i32)))
  (import "host" "memory" (memory 2 8))
  (table funcref (elem $draw_menu $draw_page $draw_help))
  (func $main (export "main")
    (call $read_settings)
    (call $show (i32.const 0)))
  (func $read_settings
    (i32.store (i32.const 0) (call $parse (i32.const 7))))
  (func $parse (param $value i32) (result i32)
    (if (result i32) (i32.gt_s (local.get $value) (i32.const 100))
      (then (call $parse_long (local.get $value)))
      (else (i32.mul (local.get $value) (i32.const 6)))))
  (func $parse_long (param $value i32) (result i32)
    (i32.div_s (local.get $value) (i32.const 3)))
  (func $show (export "show") (param $what i32)
    (call_indirect (local.get $what)))
  (func $draw_menu
    (call $line (i32.const 1)))
  (func $draw_page
    (call $line (i32.const 2)) (call $line (i32.const 3)))
  (func $draw_help
    (call $draw_page) (call $print))
  (func $print (export "print")
    (call $line (i32.const 4)))
  (func $line (param $row i32)
    (memory.fill (i32.mul (local.get $row) (i32.const 1000)) (local.get $row) (i32.const 900))))
"""
NAMES = re.findall(r"\(func \$(\w+)", APPLICATION)  # by index; the first one is imported


def traced() -> str:
    """The application with a call of the host at the beginning of each function."""
    count = 0

    def with_call(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return f"{found[0]} (call $enter (i32.const {count}))"

    return re.sub(r"^  \(func .*$", with_call, APPLICATION, flags=re.MULTILINE)


def started(data: bytes) -> tuple[Any, Any, list[int]]:
    """An instance of the application, its memory, and the functions that told the host."""
    told: list[int] = []
    memory = WebAssembly.Memory(initial=2, maximum=8)
    imports = {"host": {"enter": told.append, "memory": memory}}
    return WebAssembly.Instance(WebAssembly.Module(data), imports), memory, told


def names(indices: set[int]) -> str:
    """The names of functions."""
    return " ".join(NAMES[index] for index in sorted(indices))


@demo(checks="UC-10")
def main(report: Report) -> None:
    """Start the application, and then use it."""
    data = wat2wasm(APPLICATION)
    instrumented = instrument_profile(data)
    report.figure("the module", len(data), "bytes")
    report.figure("with a profile", len(instrumented), "bytes")

    plain, plain_memory, _ = started(data)
    profiling, memory, _ = started(instrumented)
    tracing, _, told = started(wat2wasm(traced()))
    for what, argument in (("it starts", None), ("somebody asks for help", 2)):
        report.step(what)
        for instance in (plain, profiling, tracing):
            if argument is None:
                instance.exports.main()
            else:
                instance.exports.show(argument)
        found = profiled(profiling)
        same = names(found) == names(set(told))
        report.check(f"called were: {names(found)}", same and found, "UC-10")
    later = set(range(1, len(NAMES))) - profiled(profiling)
    report.equal("the rest was not needed", names(later), "parse_long", "UC-10")

    report.step("the application's memory")
    bytes_, plain_bytes = (Uint8Array(m.buffer).tobytes() for m in (memory, plain_memory))
    report.check("has the bytes that it has without a profile", bytes_ == plain_bytes, "UC-10")
    descriptors = [
        WebAssembly.Module.imports(WebAssembly.Module(module)) for module in (data, instrumented)
    ]
    report.check("is imported with the same size", descriptors[0] == descriptors[1], "UC-10")
    size = profiling.exports["__write_profile"](0, 0)
    report.equal("the profile has a byte for each function", size, len(NAMES), "UC-10")

    cost = [seconds(partial(each.exports.show, 2)) for each in (profiling, plain)]
    report.figure("time with the profile", cost[0] / cost[1], "times that without")


if __name__ == "__main__":
    sys.exit(main())
