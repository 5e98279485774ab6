"""An application linked with two libraries, each with a memory of its own, without a host between them.

This is how Flutter is put together: an application, a graphics library in C++ and a text library in Rust, three
modules from three compilers, none of which may use the others' memory as its own. The application imports the memories
and functions of both: a text goes to the text library by one ``memory.copy``, what that found is read where it is, and
what is to be drawn is copied to the graphics library. Calls go from module to module; the same calls through a Python
function are measured beside them.
"""

import hashlib
import sys
from collections.abc import Callable
from functools import partial

from pyjsapi import Uint8Array, WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.pictures import Space, whole
from pyjsapi.demos.report import Report, seconds

WIDTH, HEIGHT, COLUMNS = 256, 64, 32
CALLS = 2_000
TEXT = b"Three modules, three memories, and not a host between them: the words wrap where they may."

# The text library: where words begin, as a list of i32 (a word may begin behind a space).
ICU = """
(module
  (memory (export "memory") 1)
  (func (export "nothing"))
  (func (export "breaks") (param $text i32) (param $length i32) (param $list i32) (result i32)
    (local $i i32) (local $count i32)
    (loop $more
      (if (i32.eq (i32.load8_u (i32.add (local.get $text) (local.get $i))) (i32.const 32))
        (then
          (i32.store (i32.add (local.get $list) (i32.shl (local.get $count) (i32.const 2)))
            (i32.add (local.get $i) (i32.const 1)))
          (local.set $count (i32.add (local.get $count) (i32.const 1)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $i) (local.get $length))))
    (i32.store (i32.add (local.get $list) (i32.shl (local.get $count) (i32.const 2)))
      (local.get $length))
    (i32.add (local.get $count) (i32.const 1))))
"""

# The graphics library: a run of glyphs at 0, a bitmap of one byte a pixel behind it. Its font is arithmetic.
SKIA = f"""
(module
  (memory (export "memory") 1)
  (func (export "draw") (param $length i32) (param $column i32) (param $line i32)
    (local $i i32) (local $row i32) (local $bits i32) (local $at i32) (local $x i32)
    (loop $glyph
      (local.set $row (i32.const 0))
      (loop $rows
        (local.set $bits (i32.mul (i32.load8_u (local.get $i))
          (i32.add (i32.shl (local.get $row) (i32.const 1)) (i32.const 1))))
        (local.set $at (i32.add
          (i32.mul (i32.add (i32.shl (local.get $line) (i32.const 3)) (local.get $row)) (i32.const {WIDTH}))
          (i32.shl (i32.add (local.get $column) (local.get $i)) (i32.const 3))))
        (local.set $x (i32.const 0))
        (loop $pixels
          (i32.store8 offset=1024 (i32.add (local.get $at) (local.get $x))
            (i32.mul (i32.and (i32.shr_u (local.get $bits) (local.get $x)) (i32.const 1)) (i32.const 255)))
          (br_if $pixels (i32.lt_u
            (local.tee $x (i32.add (local.get $x) (i32.const 1))) (i32.const 8))))
        (br_if $rows (i32.lt_u
          (local.tee $row (i32.add (local.get $row) (i32.const 1))) (i32.const 8))))
      (br_if $glyph (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $length))))))
"""

APP = f"""
(module
  (import "skia" "memory" (memory $skia 1))
  (import "skia" "draw" (func $draw (param i32 i32 i32)))
  (import "icu" "memory" (memory $icu 1))
  (import "icu" "breaks" (func $breaks (param i32 i32 i32) (result i32)))
  (import "icu" "nothing" (func $nothing))
  (memory $own 1)
  (data (memory $own) (i32.const 512) "{TEXT.decode()}")
  (func (export "paint")
    (local $count i32) (local $i i32) (local $from i32) (local $length i32)
    (local $column i32) (local $line i32)
    (memory.copy $icu $own (i32.const 0) (i32.const 512) (i32.const {len(TEXT)}))
    (local.set $count (call $breaks (i32.const 0) (i32.const {len(TEXT)}) (i32.const 1024)))
    (loop $word
      (local.set $length (i32.sub
        (i32.load $icu offset=1024 (i32.shl (local.get $i) (i32.const 2))) (local.get $from)))
      (if (i32.gt_u (i32.add (local.get $column) (local.get $length)) (i32.const {COLUMNS}))
        (then
          (local.set $column (i32.const 0))
          (local.set $line (i32.add (local.get $line) (i32.const 1)))))
      (memory.copy $skia $own
        (i32.const 0) (i32.add (i32.const 512) (local.get $from)) (local.get $length))
      (call $draw (local.get $length) (local.get $column) (local.get $line))
      (local.set $column (i32.add (local.get $column) (local.get $length)))
      (local.set $from (i32.add (local.get $from) (local.get $length)))
      (br_if $word (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $count)))))
  (func (export "calls") (param $times i32)
    (loop $more
      (call $nothing)
      (br_if $more (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))))
"""


def expected() -> bytes:
    """The bitmap, computed by other means."""
    bitmap = bytearray(WIDTH * HEIGHT)
    column = line = 0
    for word in TEXT.replace(b" ", b" \0").split(b"\0"):
        if column + len(word) > COLUMNS:
            column, line = 0, line + 1
        for code in word:
            for row in range(8):
                bits = code * (2 * row + 1)
                at = (line * 8 + row) * WIDTH + column * 8
                bitmap[at : at + 8] = bytes(255 * (bits >> x & 1) for x in range(8))
            column += 1
    return bytes(bitmap)


@demo(checks="UC-1")
def main(report: Report) -> None:
    """Link the three, draw, and measure a call."""
    skia, icu = (WebAssembly.Instance(WebAssembly.Module(wat2wasm(t))).exports for t in (SKIA, ICU))
    module = WebAssembly.Module(wat2wasm(APP))
    app = WebAssembly.Instance(module, {"skia": skia, "icu": icu}).exports

    report.picture(
        whole("graphics library", "glyphs and bitmap"),
        whole("text library", "text and breaks"),
        whole("application, memory 0", "glyphs and bitmap"),
        whole("application, memory 1", "text and breaks"),
        Space("application, memory 2", 1 << 16),
    )
    report.step(f"the application wraps {len(TEXT)} characters and has them drawn")
    app.paint()
    bitmap = Uint8Array(skia.memory.buffer, 1024, WIDTH * HEIGHT).tobytes()
    digest = hashlib.sha256(bitmap).hexdigest()
    report.equal(f"the bitmap is {digest[:16]}…", bitmap, expected(), "UC-1")
    copied = Uint8Array(icu.memory.buffer, 0, len(TEXT)).tobytes()
    report.equal("the text library has its own copy of the text", copied, TEXT, "UC-1")

    report.step("the same, with Python functions between the modules")

    def through(function: Callable[..., object]) -> Callable[..., object]:
        return lambda *arguments: function(*arguments)

    wrapped = {
        "skia": {"memory": skia.memory, "draw": through(skia.draw)},
        "icu": {
            "memory": icu.memory,
            "breaks": through(icu.breaks),
            "nothing": through(icu.nothing),
        },
    }
    slow = WebAssembly.Instance(module, wrapped).exports
    slow.paint()
    again = Uint8Array(skia.memory.buffer, 1024, WIDTH * HEIGHT).tobytes()
    report.check("the bitmap is the same", again == bitmap, "UC-1")
    direct, indirect = (seconds(partial(e.calls, CALLS)) / CALLS for e in (app, slow))
    report.figure("a call from module to module", direct * 1e9, "ns")
    report.figure("through a Python function", indirect * 1e9, "ns")
    report.figure("ratio", indirect / direct, "times slower")


if __name__ == "__main__":
    sys.exit(main())
