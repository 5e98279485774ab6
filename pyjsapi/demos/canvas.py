"""A module draws into the pixels of a picture: the memory is the picture.

A canvas has its pixels in an ``ImageData``, and a picture of Pillow or an array of numpy has them somewhere too. A
memory that stands on them is filled by the module, and there is nothing to be copied when it is done: the same bytes
are saved as a file, and shown. Here a gradient with a disc on it is drawn; what should come out is computed beside it.
With Pillow the picture is an ``Image`` on the memory's bytes, without it a file is written by Python alone.
"""

import hashlib
import io
import struct
import sys
import zlib
from typing import Any

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.needs import missing
from pyjsapi.demos.pictures import whole
from pyjsapi.demos.report import Report

WIDTH, HEIGHT = 128, 128  # 64 KiB of RGBA: a page

DRAWING = f"""
(module
  (import "host" "pixels" (memory $pixels 1))
  ;; Red grows to the right and green downwards; blue is full in a disc.
  (func (export "draw") (param $radius i32)
    (local $x i32) (local $y i32) (local $dx i32) (local $dy i32) (local $blue i32)
    (loop $row
      (local.set $x (i32.const 0))
      (loop $column
        (local.set $dx (i32.sub (local.get $x) (i32.const {WIDTH // 2})))
        (local.set $dy (i32.sub (local.get $y) (i32.const {HEIGHT // 2})))
        (local.set $blue (select (i32.const 0xff0000) (i32.const 0x300000)
          (i32.le_u
            (i32.add (i32.mul (local.get $dx) (local.get $dx)) (i32.mul (local.get $dy) (local.get $dy)))
            (i32.mul (local.get $radius) (local.get $radius)))))
        (i32.store $pixels
          (i32.shl (i32.add (i32.mul (local.get $y) (i32.const {WIDTH})) (local.get $x)) (i32.const 2))
          (i32.or (i32.or (i32.const 0xff000000) (local.get $blue))
            (i32.or (i32.shl (local.get $y) (i32.const 9)) (i32.shl (local.get $x) (i32.const 1)))))
        (br_if $column (i32.lt_u
          (local.tee $x (i32.add (local.get $x) (i32.const 1))) (i32.const {WIDTH}))))
      (br_if $row (i32.lt_u
        (local.tee $y (i32.add (local.get $y) (i32.const 1))) (i32.const {HEIGHT}))))))
"""


def expected(radius: int) -> bytes:
    """The pixels, computed by other means."""
    pixels = bytearray()
    for y in range(HEIGHT):
        for x in range(WIDTH):
            inside = (x - WIDTH // 2) ** 2 + (y - HEIGHT // 2) ** 2 <= radius**2
            pixels += bytes((2 * x, 2 * y, 0xFF if inside else 0x30, 0xFF))
    return bytes(pixels)


def png(pixels: memoryview) -> bytes:
    """A PNG file of RGBA pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        end = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + end

    rows = b"".join(b"\0" + pixels[at : at + 4 * WIDTH] for at in range(0, len(pixels), 4 * WIDTH))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    )


@demo(checks="UC-30")
def main(report: Report) -> None:
    """Draw twice, save, and compare."""
    pixels = bytearray(4 * WIDTH * HEIGHT)
    memory = WebAssembly.Memory(backing=pixels)
    module = WebAssembly.Module(wat2wasm(DRAWING))
    guest = WebAssembly.Instance(module, {"host": {"pixels": memory}}).exports

    report.picture(whole("the module", "pixels"), whole("the picture", "pixels"))
    report.step(f"the module draws {WIDTH} by {HEIGHT} pixels")
    guest.draw(40)
    report.image("what it drew", WIDTH, HEIGHT, bytes(pixels))
    digest = hashlib.sha256(pixels).hexdigest()
    report.equal(f"the pixels are right ({digest[:16]}…)", bytes(pixels), expected(40), "UC-30")
    report.equal("nothing was copied", memory.stats.bytes_copied, 0, "UC-30")

    file = png(memory.view())
    report.figure("as a PNG file", len(file), "bytes")
    if missing("PIL"):
        report.step("Pillow is not here to read the file")
        return
    from PIL import Image

    again = Image.open(io.BytesIO(file)).tobytes()
    report.check("Pillow reads the same pixels from the file", again == expected(40), "UC-30")

    report.step("a picture of Pillow on the memory's bytes, drawn into once more")
    size = (WIDTH, HEIGHT)
    view: Any = memory.view()
    picture = Image.frombuffer("RGBA", size, view, "raw", "RGBA", 0, 1)
    guest.draw(20)
    report.check("it shows what was drawn", picture.tobytes() == expected(20), "UC-30")


if __name__ == "__main__":
    sys.exit(main())
