"""Programs that nobody trusts, and code in Python or JavaScript, run by interpreters compiled to WebAssembly.

from pyjsapi.sandbox import Sandbox

with Sandbox.python(fuel=50_000_000, functions={"lookup": lookup}) as sandbox:
    print(sandbox.run("print(lookup('x'))").stdout)
"""

from pyjsapi.sandbox.errors import (
    GuestError,
    GuestNotInstalled,
    OutputLimitExceeded,
    SandboxError,
)
from pyjsapi.sandbox.program import Program
from pyjsapi.sandbox.result import Result
from pyjsapi.sandbox.session import Sandbox

__all__ = [
    "GuestError",
    "GuestNotInstalled",
    "OutputLimitExceeded",
    "Program",
    "Result",
    "Sandbox",
    "SandboxError",
]
