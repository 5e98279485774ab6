"""A module decodes a model straight into the array that the host draws from.

Graphics APIs give a buffer for the vertices, and it is not in the module's memory: so programs decode into their own
memory and copy. With a second memory they need not: it stands on the host's array of float32 as a whole, and what the
decoder stores is in the array. The text of the model is in the module's own memory. With numpy the array is one of
numpy's, and with Pillow what was decoded is drawn; without them it is an array of Python's own.
"""

import math
import sys
from array import array
from typing import Any

from pyjsapi import Uint8Array, WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.needs import missing
from pyjsapi.demos.pictures import Space, whole
from pyjsapi.demos.report import Report

PAGE = 65536
RINGS, SECTORS = 12, 24

# Wavefront OBJ: lines "v x y z" are vertices, others are passed over.
DECODER = """
(module
  (import "host" "vertices" (memory $vertices 1))
  (memory $text (export "text") 1)
  (global $at (mut i32) (i32.const 0))
  (func $next (result i32)  ;; the byte here, and on
    (i32.load8_u $text (global.get $at))
    (global.set $at (i32.add (global.get $at) (i32.const 1))))
  (func $number (result f32)
    (local $c i32) (local $value f64) (local $scale f64) (local $sign f64)
    (local.set $scale (f64.const 1)) (local.set $sign (f64.const 1))
    (local.set $c (call $next))
    (if (i32.eq (local.get $c) (i32.const 45))  ;; -
      (then (local.set $sign (f64.const -1)) (local.set $c (call $next))))
    (loop $digit
      (if (i32.eq (local.get $c) (i32.const 46))  ;; the point: digits count a tenth from here on
        (then (local.set $scale (f64.neg (f64.abs (local.get $scale))))
          (local.set $c (call $next)) (br $digit)))
      (if (i32.lt_u (i32.sub (local.get $c) (i32.const 48)) (i32.const 10))
        (then
          (local.set $value (f64.add (f64.mul (local.get $value) (f64.const 10))
            (f64.convert_i32_u (i32.sub (local.get $c) (i32.const 48)))))
          (if (f64.lt (local.get $scale) (f64.const 0))
            (then (local.set $scale (f64.mul (local.get $scale) (f64.const 10)))))
          (local.set $c (call $next)) (br $digit))))
    (f32.demote_f64
      (f64.div (f64.mul (local.get $sign) (local.get $value)) (f64.abs (local.get $scale)))))
  (func (export "decode") (param $length i32) (result i32)
    (local $c i32) (local $out i32)
    (global.set $at (i32.const 0))
    (loop $line
      (if (i32.lt_u (global.get $at) (local.get $length))
        (then
          (local.set $c (call $next))
          (if (i32.and (i32.eq (local.get $c) (i32.const 118))
              (i32.eq (i32.load8_u $text (global.get $at)) (i32.const 32)))
            (then
              (drop (call $next))
              (f32.store $vertices offset=0 (local.get $out) (call $number))
              (f32.store $vertices offset=4 (local.get $out) (call $number))
              (f32.store $vertices offset=8 (local.get $out) (call $number))
              (local.set $out (i32.add (local.get $out) (i32.const 12)))
              (br $line)))
          (loop $rest (br_if $rest (i32.ne (call $next) (i32.const 10))))
          (br $line))))
    (i32.div_u (local.get $out) (i32.const 12))))
"""


def model() -> tuple[str, list[float]]:
    """A sphere as text, and the numbers in it."""
    lines = ["# a sphere", "o sphere"]
    numbers: list[float] = []
    for ring in range(RINGS + 1):
        for sector in range(SECTORS):
            high, around = math.pi * ring / RINGS, 2 * math.pi * sector / SECTORS
            radius = math.sin(high)
            texts = [
                f"{value:.5f}"
                for value in (radius * math.cos(around), math.cos(high), radius * math.sin(around))
            ]
            lines.append("v " + " ".join(texts))
            numbers += map(float, texts)
    return "\n".join([*lines, "vn 0 1 0", "f 1 2 3"]) + "\n", numbers


def buffer() -> Any:
    """The host's array: a page of float32."""
    if missing("numpy"):
        return array("f", bytes(PAGE))
    import numpy as np

    return np.zeros(PAGE // 4, np.float32)


@demo(checks="UC-16")
def main(report: Report) -> None:
    """Decode into an array, and look at the array."""
    text, numbers = model()
    vertices = buffer()
    report.step(f"the host's buffer is a {type(vertices).__module__}.{type(vertices).__name__}")
    memory = WebAssembly.Memory(backing=vertices)
    module = WebAssembly.Module(wat2wasm(DECODER))
    guest = WebAssembly.Instance(module, {"host": {"vertices": memory}}).exports
    Uint8Array(guest.text.buffer)[: len(text)] = text.encode()

    report.picture(
        whole("module, memory 0", "vertices"),
        Space("module, memory 1", PAGE),
        whole("the host's array", "vertices"),
    )
    report.step(f"the module decodes {len(text):,} bytes of OBJ")
    count = guest.decode(len(text))
    report.equal("every vertex was found", count, len(numbers) // 3, "UC-16")
    found = list(vertices[: len(numbers)])
    report.equal("they are in the host's array", found, list(array("f", numbers)), "UC-16")
    report.equal("nothing was copied", memory.stats.bytes_copied, 0, "UC-16")
    vertices[0] = 42
    seen = memory.view("f", 0, 1)[0]
    report.equal("and what the host stores is in the memory", seen, 42, "UC-16")
    vertices[0] = numbers[0]
    if missing("numpy") is None:
        import numpy as np

        shares = np.shares_memory(vertices, np.frombuffer(memory.view(), np.float32))
        report.check("numpy says that memory and array share their bytes", shares, "UC-16")
        if missing("PIL") is None:
            draw(report, vertices[: len(numbers)].reshape(-1, 3))


def draw(report: Report, vertices: Any) -> None:
    """A picture of the vertices, seen from the front."""
    from PIL import Image, ImageDraw

    size = 96
    picture = Image.new("RGBA", (size, size), "black")
    pen = ImageDraw.Draw(picture)
    pen.point([(48 + 44 * float(x), 48 - 44 * float(y)) for x, y, _ in vertices], "white")
    report.image("the vertices, from the front", size, size, picture.tobytes())


if __name__ == "__main__":
    sys.exit(main())
