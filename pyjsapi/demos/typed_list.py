"""Lists of bytes that live in a module's own memory or in one that somebody else brought.

dart2wasm keeps objects as structures of the garbage collector, and wants to have the bytes of a ``Uint8List`` in a
linear memory, where the host can see them without copying. A list is a structure here: which memory, from where, how
long. A program that uses a library in C has its lists in that library's memory too, which is imported; a program that
uses none is the same module with an empty memory in that place.
"""

import sys

from pyjsapi import Uint8Array, WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.pictures import Space, whole
from pyjsapi.demos.report import Report

DART = """
(module
  (type $list (struct (field $external i32) (field $start i32) (field $length i32)))
  (memory $library (import "library" "memory") 0)  ;; no page is enough
  (memory $own (export "memory") 1)
  (global $free (mut i32) (i32.const 64))

  (func (export "allocate") (param $length i32) (result (ref $list))
    (struct.new $list (i32.const 0) (global.get $free) (local.get $length))
    (global.set $free (i32.add (global.get $free) (local.get $length))))
  (func (export "attach") (param $start i32) (param $length i32) (result (ref $list))
    (struct.new $list (i32.const 1) (local.get $start) (local.get $length)))
  (func (export "start") (param $l (ref $list)) (result i32) (struct.get $list $start (local.get $l)))

  (func $get (export "get") (param $l (ref $list)) (param $i i32) (result i32)
    (local $at i32)
    (if (i32.ge_u (local.get $i) (struct.get $list $length (local.get $l))) (then (unreachable)))
    (local.set $at (i32.add (struct.get $list $start (local.get $l)) (local.get $i)))
    (if (result i32) (struct.get $list $external (local.get $l))
      (then (i32.load8_u $library (local.get $at)))
      (else (i32.load8_u $own (local.get $at)))))
  (func (export "set") (param $l (ref $list)) (param $i i32) (param $value i32)
    (local $at i32)
    (if (i32.ge_u (local.get $i) (struct.get $list $length (local.get $l))) (then (unreachable)))
    (local.set $at (i32.add (struct.get $list $start (local.get $l)) (local.get $i)))
    (if (struct.get $list $external (local.get $l))
      (then (i32.store8 $library (local.get $at) (local.get $value)))
      (else (i32.store8 $own (local.get $at) (local.get $value)))))
  (func (export "sum") (param $l (ref $list)) (result i32)
    (local $i i32) (local $sum i32)
    (block $done (loop $more
      (br_if $done (i32.ge_u (local.get $i) (struct.get $list $length (local.get $l))))
      (local.set $sum (i32.add (local.get $sum) (call $get (local.get $l) (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $more)))
    (local.get $sum)))
"""

# A library as a C compiler makes it: a memory, and functions that take addresses in it.
LIBRARY = """
(module
  (memory (export "memory") 1)
  (data (i32.const 1000) "library")
  (func (export "invert") (param $at i32) (param $length i32)
    (loop $more
      (i32.store8 (local.get $at) (i32.xor (i32.load8_u (local.get $at)) (i32.const 255)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $more (local.tee $length (i32.sub (local.get $length) (i32.const 1)))))))
"""


@demo(checks="UC-8")
def main(report: Report) -> None:
    """Use the module without a library, and then with one."""
    module = WebAssembly.Module(wat2wasm(DART))

    report.step("without a library: the memory in its place has no pages")
    nothing = WebAssembly.Memory(initial=0, maximum=0)
    dart = WebAssembly.Instance(module, {"library": {"memory": nothing}}).exports
    mine = dart.allocate(5)
    view = Uint8Array(dart.memory.buffer, dart.start(mine), 5)
    view[:] = b"hello"
    report.equal("the module sums what the host wrote", dart.sum(mine), sum(b"hello"), "UC-8")
    dart.set(mine, 0, ord("j"))
    report.equal("the host sees what the module wrote", view.tobytes(), b"jello", "UC-8")
    other = dart.allocate(3)
    report.equal("lists do not overlap", dart.start(other), dart.start(mine) + 5)
    report.raises("a list ends", WebAssembly.RuntimeError, lambda: dart.get(mine, 5))
    foreign = dart.attach(0, 1)
    report.raises(
        "there is no list in the library",
        WebAssembly.RuntimeError,
        lambda: dart.sum(foreign),
        "UC-8",
    )

    report.picture(Space("program, memory 0", 0), Space("program, memory 1", 1 << 16))
    report.step("with a library: its memory is the second one, its functions get addresses")
    library = WebAssembly.Instance(WebAssembly.Module(wat2wasm(LIBRARY))).exports
    dart = WebAssembly.Instance(module, {"library": library}).exports
    report.picture(
        whole("library", "lists in C"),
        whole("program, memory 0", "lists in C"),
        Space("program, memory 1", 1 << 16),
    )
    mine, theirs = dart.allocate(7), dart.attach(1000, 7)
    for i in range(7):
        dart.set(mine, i, dart.get(theirs, i))
    view = Uint8Array(dart.memory.buffer, dart.start(mine), 7)
    report.equal("a list of the library's is read in its place", view.tobytes(), b"library", "UC-8")
    library.invert(dart.start(theirs), 7)
    inverted = sum(255 - byte for byte in b"library")
    report.equal("it changes where it is", dart.sum(theirs), inverted, "UC-8")
    report.equal("the copy does not", dart.sum(mine), sum(b"library"), "UC-8")


if __name__ == "__main__":
    sys.exit(main())
