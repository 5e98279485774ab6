"""Write the kernels that hold tables or repeat a pattern: `python -m benchmarks.make_kernels`.

crc32, sha256 and nbody carry constants; matmul and transform are written once and made with one memory
and with several. The other files of `kernels/` are written by hand.
"""

from __future__ import annotations

import math
import struct
from itertools import count, islice
from pathlib import Path

KERNELS = Path(__file__).resolve().parent / "kernels"

INIT_BYTES = """\
  ;; Fill n bytes at p with the upper bytes of a linear congruential generator.
  (func (export "init") (param $p i32) (param $n i32)
    (local $state i32)
    (loop $bytes
      (local.set $state
        (i32.add (i32.mul (local.get $state) (i32.const 1664525)) (i32.const 1013904223)))
      (i32.store8 MEMORY (local.get $p) (i32.shr_u (local.get $state) (i32.const 24)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $bytes (local.tee $n (i32.add (local.get $n) (i32.const -1))))))
"""


def init_bytes(memory: str = "") -> str:
    return INIT_BYTES.replace("MEMORY ", f"{memory} " if memory else "")


def string(data: bytes, indent: str) -> str:
    """A data segment's bytes as strings of the text format, 16 bytes a line."""
    rows = (data[at : at + 16] for at in range(0, len(data), 16))
    escaped = ("".join(f"\\{byte:02x}" for byte in row) for row in rows)
    return "\n".join(f'{indent}"{row}"' for row in escaped)


def crc32() -> str:
    """CRC-32 by a table of 256 words at 1024."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
        table.append(value)
    return f"""\
;; CRC-32 of n bytes at p, by a table of words at 1024. Made by make_kernels.py.
(module
  (memory (export "memory") 1)
  (data (i32.const 1024)
{string(struct.pack("<256I", *table), "    ")})
{init_bytes()}\
  (func (export "run") (param $p i32) (param $n i32) (result i32)
    (local $crc i32)
    (local.set $crc (i32.const -1))
    (block $empty
      (br_if $empty (i32.eqz (local.get $n)))
      (loop $bytes
        (local.set $crc
          (i32.xor
            (i32.load offset=1024
              (i32.shl
                (i32.and (i32.xor (local.get $crc) (i32.load8_u (local.get $p))) (i32.const 255))
                (i32.const 2)))
            (i32.shr_u (local.get $crc) (i32.const 8))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br_if $bytes (local.tee $n (i32.add (local.get $n) (i32.const -1))))))
    (i32.xor (local.get $crc) (i32.const -1))))
"""


def root_fraction(prime: int, degree: int) -> int:
    """The first 32 bits of the fraction of the square or cube root of `prime` (FIPS 180-4, 4.2.2)."""
    wanted, low, high = prime << 32 * degree, 0, 1 << 64
    while high - low > 1:
        middle = (low + high) // 2
        if middle**degree <= wanted:
            low = middle
        else:
            high = middle
    return low & 0xFFFFFFFF


PRIMES = list(islice((n for n in count(2) if all(n % d for d in range(2, math.isqrt(n) + 1))), 64))
SHA256_ROUNDS = [root_fraction(prime, 3) for prime in PRIMES]
SHA256_START = [root_fraction(prime, 2) for prime in PRIMES[:8]]


def sha256() -> str:
    """SHA-256 of whole blocks, in the form a C compiler gives it: loops, the schedule in memory."""
    state = "abcdefgh"

    def rotations(name: str, *amounts: int) -> str:
        first, second, third = (
            f"(i32.rotl (local.get ${name}) (i32.const {amount}))" for amount in amounts
        )
        return f"(i32.xor (i32.xor {first} {second}) {third})"

    def schedule(offset: int, first: int, second: int, shift: int) -> str:
        return (
            "(i32.xor (i32.xor "
            f"(i32.rotl (local.tee $w (i32.load offset={offset} (local.get $q))) (i32.const {first})) "
            f"(i32.rotl (local.get $w) (i32.const {second}))) "
            f"(i32.shr_u (local.get $w) (i32.const {shift})))"
        )

    load_state = "\n".join(
        f"    (local.set ${name} (i32.load offset={4 * i} (local.get $state)))"
        for i, name in enumerate(state)
    )
    add_state = "\n".join(
        f"    (i32.store offset={4 * i} (local.get $state)\n"
        f"      (i32.add (i32.load offset={4 * i} (local.get $state)) (local.get ${name})))"
        for i, name in enumerate(state)
    )
    init_sha256 = init_bytes().replace(
        "    (local $state i32)\n",
        """\
    (local $state i32)
    (i32.store8 (i32.add (local.get $p) (local.get $n)) (i32.const 0x80))
    (i32.store8 offset=62 (i32.add (local.get $p) (local.get $n))
      (i32.shr_u (local.get $n) (i32.const 5)))
    (i32.store8 offset=63 (i32.add (local.get $p) (local.get $n))
      (i32.shl (local.get $n) (i32.const 3)))
""",
    )
    locals_ = " ".join(f"(local ${name} i32)" for name in state)
    return f"""\
;; SHA-256 of n blocks of 64 bytes at p; the result is the first 8 bytes of the digest.
;; `init` makes a message of n bytes, a multiple of 64, and the block that pads it.
;; Round constants at 1024, start values at 2048, state at 3072, message schedule at 4096.
;; Made by make_kernels.py.
(module
  (memory (export "memory") 1)
  (data (i32.const 1024)
{string(struct.pack("<64I", *SHA256_ROUNDS), "    ")})
  (data (i32.const 2048)
{string(struct.pack("<8I", *SHA256_START), "    ")})
{init_sha256}\
  (func $compress (param $state i32) (param $p i32)
    (local $schedule i32) (local $i i32) (local $q i32)
    {locals_}
    (local $t1 i32) (local $t2 i32) (local $w i32)
    (local.set $schedule (i32.const 4096))
    (loop $read
      (i32.store (i32.add (local.get $schedule) (i32.shl (local.get $i) (i32.const 2)))
        (i32.or
          (i32.or
            (i32.shl (i32.load8_u (local.get $p)) (i32.const 24))
            (i32.shl (i32.load8_u offset=1 (local.get $p)) (i32.const 16)))
          (i32.or
            (i32.shl (i32.load8_u offset=2 (local.get $p)) (i32.const 8))
            (i32.load8_u offset=3 (local.get $p)))))
      (local.set $p (i32.add (local.get $p) (i32.const 4)))
      (br_if $read
        (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 16))))
    (local.set $q (local.get $schedule))
    (loop $extend
      (i32.store offset=64 (local.get $q)
        (i32.add
          (i32.add
            (i32.add
              {schedule(56, 15, 13, 10)}
              (i32.load offset=36 (local.get $q)))
            {schedule(4, 25, 14, 3)})
          (i32.load (local.get $q))))
      (local.set $q (i32.add (local.get $q) (i32.const 4)))
      (br_if $extend
        (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 64))))
{load_state}
    (local.set $i (i32.const 0))
    (loop $rounds
      (local.set $t1
        (i32.add
          (i32.add
            (i32.add
              (i32.add
                (local.get $h)
                {rotations("e", 26, 21, 7)})
              (i32.xor
                (i32.and (i32.xor (local.get $g) (local.get $f)) (local.get $e))
                (local.get $g)))
            (i32.load offset=1024 (i32.shl (local.get $i) (i32.const 2))))
          (i32.load (i32.add (local.get $schedule) (i32.shl (local.get $i) (i32.const 2))))))
      (local.set $t2
        (i32.add
          {rotations("a", 30, 19, 10)}
          (i32.or
            (i32.and (i32.or (local.get $b) (local.get $c)) (local.get $a))
            (i32.and (local.get $b) (local.get $c)))))
      (local.set $h (local.get $g))
      (local.set $g (local.get $f))
      (local.set $f (local.get $e))
      (local.set $e (i32.add (local.get $d) (local.get $t1)))
      (local.set $d (local.get $c))
      (local.set $c (local.get $b))
      (local.set $b (local.get $a))
      (local.set $a (i32.add (local.get $t1) (local.get $t2)))
      (br_if $rounds
        (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 64))))
{add_state})
  (func (export "run") (param $p i32) (param $n i32) (result i64)
    (local $i i32)
    (loop $start
      (i32.store offset=3072 (local.get $i) (i32.load offset=2048 (local.get $i)))
      (br_if $start
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 32))))
    (loop $blocks
      (call $compress (i32.const 3072) (local.get $p))
      (local.set $p (i32.add (local.get $p) (i32.const 64)))
      (br_if $blocks (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.or
      (i64.shl (i64.load32_u (i32.const 3072)) (i64.const 32))
      (i64.load32_u (i32.const 3076)))))
"""


SOLAR_MASS = 4 * math.pi**2
DAYS = 365.24
# Position, velocity per day, mass in solar masses: the Sun, Jupiter, Saturn, Uranus, Neptune, as in
# the n-body program of the Computer Language Benchmarks Game.
BODIES = (
    (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
    (
        4.84143144246472090e00,
        -1.16032004402742839e00,
        -1.03622044471123109e-01,
        1.66007664274403694e-03,
        7.69901118419740425e-03,
        -6.90460016972063023e-05,
        9.54791938424326609e-04,
    ),
    (
        8.34336671824457987e00,
        4.12479856412430479e00,
        -4.03523417114321381e-01,
        -2.76742510726411e-03,
        4.99852801234917238e-03,
        2.30417297573763929e-05,
        2.85885980666130812e-04,
    ),
    (
        1.28943695621391310e01,
        -1.51111514016986312e01,
        -2.23307578892655734e-01,
        2.96460137564761618e-03,
        2.37847173959480950e-03,
        -2.96589568540237556e-05,
        4.36624404335156298e-05,
    ),
    (
        1.53796971148509165e01,
        -2.59193146099879641e01,
        1.79258772950371181e-01,
        2.68067772490389322e-03,
        1.62824170038242295e-03,
        -9.51592254519715870e-05,
        5.15138902046611451e-05,
    ),
)
BODY_DOUBLES = [
    value
    for x, y, z, vx, vy, vz, mass in BODIES
    for value in (x, y, z, vx * DAYS, vy * DAYS, vz * DAYS, mass * SOLAR_MASS)
]


def nbody() -> str:
    """The n-body simulation: five bodies of seven doubles (position, velocity, mass) at 1024."""
    end = 1024 + 8 * len(BODY_DOUBLES)
    axes = list(enumerate("xyz"))

    def lines(indent: int, *rows: str) -> str:
        return "\n".join(" " * indent + row for row in rows)

    def change(body: str, axis: int, name: str, op: str, factor: str) -> str:
        at = 24 + 8 * axis
        return (
            f"(f64.store offset={at} (local.get ${body}) "
            f"(f64.{op} (f64.load offset={at} (local.get ${body})) "
            f"(f64.mul (local.get $d{name}) (local.get ${factor}))))"
        )

    distance = lines(
        14,
        *(
            f"(local.set $d{name} (f64.sub (f64.load offset={8 * axis} (local.get $i)) "
            f"(f64.load offset={8 * axis} (local.get $j))))"
            for axis, name in axes
        ),
    )
    pull_i = lines(14, *(change("i", axis, name, "sub", "pull_j") for axis, name in axes))
    pull_j = lines(14, *(change("j", axis, name, "add", "pull_i") for axis, name in axes))
    move = lines(
        10,
        *(
            f"(f64.store offset={8 * axis} (local.get $i) "
            f"(f64.add (f64.load offset={8 * axis} (local.get $i)) "
            f"(f64.mul (f64.const 0.01) (f64.load offset={24 + 8 * axis} (local.get $i)))))"
            for axis, _ in axes
        ),
    )
    return f"""\
;; n-body: the Sun and four planets, 7 doubles each at 1024 (position, velocity, mass), n steps of 0.01.
;; The result is Jupiter's x. Made by make_kernels.py.
(module
  (memory (export "memory") 1)
  (data (i32.const 1024)
{string(struct.pack(f"<{len(BODY_DOUBLES)}d", *BODY_DOUBLES), "    ")})
  (func (export "run") (param $n i32) (result f64)
    (local $i i32) (local $j i32)
    (local $dx f64) (local $dy f64) (local $dz f64)
    (local $square f64) (local $magnitude f64) (local $pull_i f64) (local $pull_j f64)
    (block $done
      (br_if $done (i32.le_s (local.get $n) (i32.const 0)))
      (loop $step
        (local.set $i (i32.const 1024))
        (loop $first
          (local.set $j (i32.add (local.get $i) (i32.const 56)))
          (block $none
            (br_if $none (i32.ge_u (local.get $j) (i32.const {end})))
            (loop $second
{distance}
              (local.set $square
                (f64.add
                  (f64.add
                    (f64.mul (local.get $dx) (local.get $dx))
                    (f64.mul (local.get $dy) (local.get $dy)))
                  (f64.mul (local.get $dz) (local.get $dz))))
              (local.set $magnitude
                (f64.div
                  (f64.const 0.01)
                  (f64.mul (local.get $square) (f64.sqrt (local.get $square)))))
              (local.set $pull_j (f64.mul (f64.load offset=48 (local.get $j)) (local.get $magnitude)))
{pull_i}
              (local.set $pull_i (f64.mul (f64.load offset=48 (local.get $i)) (local.get $magnitude)))
{pull_j}
              (br_if $second
                (i32.ne
                  (local.tee $j (i32.add (local.get $j) (i32.const 56)))
                  (i32.const {end})))))
          (br_if $first
            (i32.ne
              (local.tee $i (i32.add (local.get $i) (i32.const 56)))
              (i32.const {end}))))
        (local.set $i (i32.const 1024))
        (loop $move
{move}
          (br_if $move
            (i32.ne
              (local.tee $i (i32.add (local.get $i) (i32.const 56)))
              (i32.const {end}))))
        (br_if $step (local.tee $n (i32.add (local.get $n) (i32.const -1))))))
    (f64.load (i32.const 1080))))
"""


def matmul(memories: int) -> str:
    """The product of two n × n matrices of doubles, by pointers, in one memory or in three."""
    several = memories > 1
    a, b, c = ("", "$b ", "$c ") if several else ("", "", "")
    declared = (
        '(memory $a (export "memory") 1)\n  (memory $b 1)\n  (memory $c 1)'
        if several
        else '(memory (export "memory") 1)'
    )
    where = "a in memory 0, b in memory 1, c in memory 2" if several else "a, b and c in one memory"
    # With one memory the matrices lie one after the other from 1024 on.
    b_start, c_start = (
        ("(i32.const 1024)", "(i32.const 1024)")
        if several
        else (
            "(i32.add (i32.const 1024) (i32.mul (local.get $row) (local.get $n)))",
            "(i32.add (local.get $b) (i32.mul (local.get $row) (local.get $n)))",
        )
    )

    def fill(memory: str, start: str, first: int) -> str:
        return f"""\
    (local.set $p {start})
    (local.set $i (i32.mul (i32.mul (local.get $n) (local.get $n)) (i32.const {first})))
    (local.set $left (i32.mul (local.get $n) (local.get $n)))
    (loop $fill
      (f64.store {memory}(local.get $p)
        (f64.mul
          (f64.convert_i32_u
            (i32.rem_u (i32.mul (local.get $i) (i32.const 7919)) (i32.const 1000)))
          (f64.const 0.001)))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (br_if $fill (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))"""

    fill_b_start = (
        "(i32.const 1024)"
        if several
        else "(i32.add (i32.const 1024) (i32.shl (i32.mul (local.get $n) (local.get $n)) (i32.const 3)))"
    )
    return f"""\
;; The product c of two n × n matrices of doubles a and b ({where}); the result is the sum of c.
;; Written with pointers, as a C compiler does. Made by make_kernels.py.
(module
  {declared}
  (func (export "init") (param $n i32)
    (local $i i32) (local $left i32) (local $p i32)
{fill(a, "(i32.const 1024)", 2)}
{fill(b, fill_b_start, 1)})
  (func (export "run") (param $n i32) (result f64)
    (local $i i32) (local $j i32) (local $k i32) (local $row i32)
    (local $a i32) (local $b i32) (local $c i32) (local $pa i32) (local $pb i32)
    (local $cell f64) (local $sum f64)
    (local.set $row (i32.shl (local.get $n) (i32.const 3)))
    (local.set $a (i32.const 1024))
    (local.set $b {b_start})
    (local.set $c {c_start})
    (loop $rows
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $cell (f64.const 0))
        (local.set $k (local.get $n))
        (local.set $pa (local.get $a))
        (local.set $pb (i32.add (local.get $b) (i32.shl (local.get $j) (i32.const 3))))
        (loop $products
          (local.set $cell
            (f64.add
              (local.get $cell)
              (f64.mul (f64.load {a}(local.get $pa)) (f64.load {b}(local.get $pb)))))
          (local.set $pa (i32.add (local.get $pa) (i32.const 8)))
          (local.set $pb (i32.add (local.get $pb) (local.get $row)))
          (br_if $products (local.tee $k (i32.add (local.get $k) (i32.const -1)))))
        (f64.store {c}(i32.add (local.get $c) (i32.shl (local.get $j) (i32.const 3))) (local.get $cell))
        (local.set $sum (f64.add (local.get $sum) (local.get $cell)))
        (br_if $columns
          (i32.ne (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $n))))
      (local.set $a (i32.add (local.get $a) (local.get $row)))
      (local.set $c (i32.add (local.get $c) (local.get $row)))
      (br_if $rows
        (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum)))
"""


def transform(memories: int) -> str:
    """Words, then bytes, read from one place, changed, written to another: memory 1 to memory 0."""
    several = memories > 1
    source = "$source " if several else ""
    declared = (
        '(memory $target (export "memory") 2)\n  (memory $source 2)'
        if several
        else '(memory (export "memory") 2)'
    )
    where = "from memory 1 to memory 0" if several else "within one memory"
    return f"""\
;; n bytes at p, {where}, to q: each word rotated, combined with a key; then each byte, with capital
;; letters for small ones, to where it was written. The result is a checksum. Made by make_kernels.py.
(module
  {declared}
{init_bytes("$source" if several else "")}\
  (func (export "run") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (local $from i32) (local $to i32) (local $left i32) (local $byte i32) (local $word i32)
    (local $sum i32)
    (local.set $from (local.get $p))
    (local.set $to (local.get $q))
    (local.set $left (i32.shr_u (local.get $n) (i32.const 2)))
    (loop $words
      (local.set $word
        (i32.xor (i32.rotl (i32.load {source}(local.get $from)) (i32.const 7)) (i32.const 0x9e3779b9)))
      (i32.store (local.get $to) (local.get $word))
      (local.set $sum (i32.add (local.get $sum) (local.get $word)))
      (local.set $from (i32.add (local.get $from) (i32.const 4)))
      (local.set $to (i32.add (local.get $to) (i32.const 4)))
      (br_if $words (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.set $from (local.get $p))
    (local.set $to (local.get $q))
    (loop $bytes
      (local.set $byte (i32.load8_u {source}(local.get $from)))
      (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 97)) (i32.const 26))
        (then (local.set $byte (i32.sub (local.get $byte) (i32.const 32)))))
      (local.set $sum
        (i32.add
          (i32.mul (local.get $sum) (i32.const 31))
          (i32.xor (local.get $byte) (i32.load8_u (local.get $to)))))
      (i32.store8 (local.get $to) (local.get $byte))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (br_if $bytes (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
"""


def made_kernels() -> dict[str, str]:
    """The text of every made kernel by the name of its file."""
    return {
        "crc32.wat": crc32(),
        "sha256.wat": sha256(),
        "nbody.wat": nbody(),
        "matmul.wat": matmul(1),
        "matmul_three_memories.wat": matmul(3),
        "transform.wat": transform(1),
        "transform_two_memories.wat": transform(2),
    }


if __name__ == "__main__":
    for name, text in made_kernels().items():
        (KERNELS / name).write_text(text, encoding="utf-8")
