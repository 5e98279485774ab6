"""Promise integration: how calls of WebAssembly are suspended, as a value behind one small interface.

There are *greenlets*, where that package is installed, and *threads* of the standard library; those of Pyodide are told
from above (`offer`). The environment variable ``PYJSAPI_SUSPENSION`` chooses one of them by name, or ``none``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from pyjsapi.suspension.stack import Mechanism, Stack

VARIABLE: Final = "PYJSAPI_SUSPENSION"
"""The environment variable that names the mechanism."""
NONE: Final = "none"
"""The name for having none."""


class MissingMechanism(Exception):
    """Calls cannot be suspended here, for the reason that the message gives."""


Load: TypeAlias = Callable[[], "Mechanism"]
"""What imports a mechanism. Raises `ImportError` or `MissingMechanism` where it is not there."""


def _greenlets() -> Mechanism:
    from pyjsapi.suspension.greenlets import Greenlets

    return Greenlets()


def _threads() -> Mechanism:
    from pyjsapi.suspension.threads import Threads

    return Threads()


_LOADS: Final[dict[str, Load]] = (
    {} if sys.platform in ("emscripten", "wasi") else {"greenlet": _greenlets, "thread": _threads}
)
_chosen: Final[list[str]] = []
_used: Final[list[Mechanism]] = []
_made: Final[dict[str, Mechanism]] = {}
_running: Final[list[Callable[[], Stack | None]]] = []
"""What `Mechanism.running` is of all that were made."""


def offer(name: str, load: Load) -> None:
    """Let there be a mechanism of a name, after those that there are."""
    _LOADS[name] = load


def mechanism() -> Mechanism:
    """The one that is used for calls that begin now. Raises `MissingMechanism`."""
    if not _used:
        name = _chosen[0] if _chosen else os.environ.get(VARIABLE, "")
        _used.append(_load(name) if name else _first())
    return _used[0]


def use(name: str | None) -> None:
    """Use the mechanism of a name for calls that begin from now on, or with ``None`` the first that there is.

    Raises `MissingMechanism`, and `ValueError` for a name that is none.
    """
    found = None if name is None else _load(name)
    _chosen[:] = [] if name is None else [name]
    _used[:] = [] if found is None else [found]


def running() -> Stack | None:
    """The stack that runs in this thread; ``None`` outside of any."""
    for of_mechanism in _running:
        stack = of_mechanism()
        if stack is not None:
            return stack
    return None


def _first() -> Mechanism:
    reasons = []
    for name in _LOADS:
        try:
            return _load(name)
        except MissingMechanism as error:
            reasons.append(str(error))
    raise MissingMechanism("; ".join(reasons) or f"{sys.platform} has neither threads nor stacks")


def _load(name: str) -> Mechanism:
    if name == NONE:
        raise MissingMechanism(f"{VARIABLE} is {NONE}")
    if name not in _LOADS:
        names = ", ".join(map(repr, (*_LOADS, NONE)))
        raise ValueError(f"a mechanism of suspension is one of {names}, not {name!r}")
    if name not in _made:
        try:
            made = _LOADS[name]()
        except ImportError as error:
            raise MissingMechanism(f"{name}: {error}") from error
        _made[name] = made
        _running.append(made.running)
    return _made[name]
