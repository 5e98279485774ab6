"""The kernels as a Python programmer would write them: the same algorithms on the same data.

What a kernel keeps in its memory (matrices, tables, the interpreter's stack) is in a buffer here too, so
that each function could stand in for its kernel; it is read and written through typed memoryviews.
Element indices instead of addresses, `range` instead of counters, masks only where a result can exceed
its type. No use of library functions that do the whole work.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterable
from math import sqrt
from typing import Any

from benchmarks.make_kernels import BODY_DOUBLES, SHA256_ROUNDS, SHA256_START

M32 = 0xFFFFFFFF
M64 = 0xFFFFFFFFFFFFFFFF


def lcg_bytes(count: int) -> bytes:
    """The upper bytes of a linear congruential generator: the input of the kernels on bytes."""
    out = bytearray()
    state = 0
    for _ in range(count):
        state = state * 1664525 + 1013904223 & M32
        out.append(state >> 24)
    return bytes(out)


def fib(n: int) -> int:
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2) & M32


def sieve(n: int) -> int:
    marks = bytearray(n)
    count = 0
    for i in range(2, n):
        if not marks[i]:
            count += 1
            for multiple in range(i * 2, n, i):
                marks[multiple] = 1
    return count


def doubles(values: Iterable[float]) -> memoryview[float]:
    """A buffer of doubles that holds `values`."""
    return memoryview(bytearray(array("d", values))).cast("d")


def words(values: Iterable[int]) -> memoryview[int]:
    """A buffer of 32-bit words that holds `values`."""
    return memoryview(bytearray(array("I", values))).cast("I")


def matrices(n: int) -> tuple[list[float], list[float]]:
    """The two n × n matrices that the kernels' `init` makes, row by row."""
    size = n * n
    values = [float(i * 7919 % 1000) * 0.001 for i in range(2 * size, 0, -1)]
    return values[:size], values[size:]


def matmul(n: int, a: memoryview[float], b: memoryview[float], c: memoryview[float]) -> float:
    total = 0.0
    row = 0
    for _ in range(n):
        for j in range(n):
            cell = 0.0
            at = j
            for k in range(row, row + n):
                cell += a[k] * b[at]
                at += n
            c[row + j] = cell
            total += cell
        row += n
    return total


def fnv1a32(data: bytearray, start: int, count: int) -> int:
    value = 0x811C9DC5
    for i in range(start, start + count):
        value = (value ^ data[i]) * 0x01000193 & M32
    return value


def fnv1a64(data: bytearray, start: int, count: int) -> int:
    value = 0xCBF29CE484222325
    for i in range(start, start + count):
        value = (value ^ data[i]) * 0x100000001B3 & M64
    return value


def _crc32_table() -> memoryview[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
        table.append(value)
    return words(table)


CRC32_TABLE = _crc32_table()


def crc32(data: bytearray, start: int, count: int) -> int:
    table = CRC32_TABLE
    crc = M32
    for i in range(start, start + count):
        crc = table[(crc ^ data[i]) & 255] ^ crc >> 8
    return crc ^ M32


def sha256(data: bytearray, start: int, blocks: int) -> int:
    h0, h1, h2, h3, h4, h5, h6, h7 = SHA256_START
    constants = SHA256_ROUNDS
    unpack = struct.Struct(">16I").unpack_from
    for _ in range(blocks):
        schedule = list(unpack(data, start))
        start += 64
        for i in range(16, 64):
            x = schedule[i - 2]
            y = schedule[i - 15]
            xx = x * 0x100000001  # twice the word: every rotation is a shift of it
            yy = y * 0x100000001
            schedule.append(
                (xx >> 17 ^ xx >> 19 ^ x >> 10)
                + schedule[i - 7]
                + (yy >> 7 ^ yy >> 18 ^ y >> 3)
                + schedule[i - 16]
                & M32
            )
        a, b, c, d, e, f, g, h = h0, h1, h2, h3, h4, h5, h6, h7
        for i in range(64):
            ee = e * 0x100000001
            t1 = h + ((ee >> 6 ^ ee >> 11 ^ ee >> 25) & M32) + ((g ^ f) & e ^ g)
            t1 += constants[i] + schedule[i]
            aa = a * 0x100000001
            t2 = ((aa >> 2 ^ aa >> 13 ^ aa >> 22) & M32) + ((b | c) & a | b & c)
            h = g
            g = f
            f = e
            e = d + t1 & M32
            d = c
            c = b
            b = a
            a = t1 + t2 & M32
        h0 = h0 + a & M32
        h1 = h1 + b & M32
        h2 = h2 + c & M32
        h3 = h3 + d & M32
        h4 = h4 + e & M32
        h5 = h5 + f & M32
        h6 = h6 + g & M32
        h7 = h7 + h & M32
    return h0 << 32 | h1


def nbody(bodies: memoryview[float], steps: int) -> float:
    size = len(bodies)
    for _ in range(steps):
        for i in range(0, size, 7):
            for j in range(i + 7, size, 7):
                dx = bodies[i] - bodies[j]
                dy = bodies[i + 1] - bodies[j + 1]
                dz = bodies[i + 2] - bodies[j + 2]
                square = dx * dx + dy * dy + dz * dz
                magnitude = 0.01 / (square * sqrt(square))
                pull = bodies[j + 6] * magnitude
                bodies[i + 3] -= dx * pull
                bodies[i + 4] -= dy * pull
                bodies[i + 5] -= dz * pull
                pull = bodies[i + 6] * magnitude
                bodies[j + 3] += dx * pull
                bodies[j + 4] += dy * pull
                bodies[j + 5] += dz * pull
        for i in range(0, size, 7):
            bodies[i] += 0.01 * bodies[i + 3]
            bodies[i + 1] += 0.01 * bodies[i + 4]
            bodies[i + 2] += 0.01 * bodies[i + 5]
    return bodies[7]


def add(a: int, b: int) -> int:
    return a + b & M32


def sub(a: int, b: int) -> int:
    return a - b & M32


def mul(a: int, b: int) -> int:
    return a * b & M32


def xor(a: int, b: int) -> int:
    return a ^ b


OPERATIONS = [add, sub, mul, xor]


def call_indirect(n: int) -> int:
    operations = OPERATIONS
    x = 0
    while n:
        x = operations[n & 3](x, n)
        n -= 1
    return x


BYTECODE = bytearray([0, 0, 5, 5, 0, 3, 3, 0, 1, 1, 5, 7, 6, 10, 9, 8])


def interpreter(code: bytearray, stack: memoryview[int], acc: int) -> int:
    """The interpreter of `interpreter.wat`, its dispatch written as a balanced tree of comparisons."""
    pc = sp = 0
    while True:
        opcode = code[pc]
        pc += 1
        if opcode < 5:
            if opcode < 2:
                if opcode < 1:
                    stack[sp] = acc
                    sp += 1
                    acc = code[pc]
                    pc += 1
                else:
                    sp -= 1
                    acc = acc + stack[sp] & M32
            elif opcode < 3:
                sp -= 1
                acc = stack[sp] - acc & M32
            elif opcode < 4:
                sp -= 1
                acc = acc * stack[sp] & M32
            else:
                stack[sp] = acc
                sp += 1
        elif opcode < 7:
            if opcode < 6:
                stack[sp - 1], acc = acc, stack[sp - 1]
            elif acc:
                pc -= code[pc]
            else:
                pc += 1
        elif opcode < 8:
            acc = acc - 1 & M32
        elif opcode < 9:
            return acc
        else:
            sp -= 1
            acc = stack[sp]


def transform(source: bytearray, target: bytearray, count: int) -> int:
    words_in = memoryview(source).cast("I")
    words_out = memoryview(target).cast("I")
    total = 0
    for i in range(count // 4):
        word = words_in[i]
        word = ((word << 7 | word >> 25) & M32) ^ 0x9E3779B9
        words_out[i] = word
        total = total + word & M32
    for i in range(count):
        byte = source[i]
        if 97 <= byte < 123:
            byte -= 32
        total = total * 31 + (byte ^ target[i]) & M32
        target[i] = byte
    return total


def _matmul(n: int) -> Callable[[], float]:
    a, b = (doubles(values) for values in matrices(n))
    c = doubles([0.0] * (n * n))
    return lambda: matmul(n, a, b, c)


def _on_bytes(function: Callable[[bytearray, int, int], int]) -> Callable[[int, int], Any]:
    def make(start: int, count: int) -> Callable[[], int]:
        data = bytearray(65536)
        data[start : start + count] = lcg_bytes(count)
        return lambda: function(data, start, count)

    return make


def _sha256(start: int, blocks: int) -> Callable[[], int]:
    message = lcg_bytes(64 * (blocks - 1))
    data = bytearray(65536)
    data[start : start + len(message)] = message
    end = start + len(message)
    data[end : end + 64] = b"\x80" + bytes(55) + (8 * len(message)).to_bytes(8, "big")
    return lambda: sha256(data, start, blocks)


def _nbody(steps: int) -> Callable[[], float]:
    bodies = doubles(BODY_DOUBLES)
    return lambda: nbody(bodies, steps)


def _interpreter(n: int) -> Callable[[], int]:
    stack = words([0] * 1024)
    return lambda: interpreter(BYTECODE, stack, n)


def _transform(_source: int, _target: int, count: int) -> Callable[[], int]:
    source = bytearray(lcg_bytes(count))
    target = bytearray(count)
    return lambda: transform(source, target, count)


def _plain(function: Callable[[int], int]) -> Callable[[int], Callable[[], int]]:
    return lambda n: lambda: function(n)


MAKERS: dict[str, Callable[..., Callable[[], Any]]] = {
    "fib": _plain(fib),
    "sieve": _plain(sieve),
    "matmul": _matmul,
    "fnv1a32": _on_bytes(fnv1a32),
    "fnv1a64": _on_bytes(fnv1a64),
    "crc32": _on_bytes(crc32),
    "sha256": _sha256,
    "nbody": _nbody,
    "call_indirect": _plain(call_indirect),
    "interpreter": _interpreter,
    "transform": _transform,
}
"""Each function by the name of its kernel: from the kernel's arguments to a call with its data in place."""
