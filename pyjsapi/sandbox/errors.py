"""What goes wrong in a sandbox, beside what WebAssembly itself raises."""

from __future__ import annotations

from pyjsapi.runtime.exception import UNCATCHABLE


class SandboxError(Exception):
    """A sandbox cannot do what it was asked for."""


class GuestNotInstalled(SandboxError):
    """No package with the interpreter is installed."""


class GuestError(SandboxError):
    """The code in the sandbox raised an exception and did not catch it; the message is the guest's own.

    The session is as good as before.
    """


class OutputLimitExceeded(SandboxError):
    """The code in the sandbox wrote more than it may; it cannot catch that."""


setattr(OutputLimitExceeded, UNCATCHABLE, True)
