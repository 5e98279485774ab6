"""The debugger's commands: plain data that names a method of `Debugger` and gives its arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.debugging.errors import DebugError

if TYPE_CHECKING:
    from pyjsapi.debugging.debugger import Debugger


def carried_out(debugger: Debugger, given: Mapping[str, Any]) -> dict[str, Any]:
    """See `Debugger.command`."""
    arguments = {str(name): value for name, value in given.items() if name != "do"}
    name = given.get("do")
    make = _COMMANDS.get(str(name))
    if make is None:
        known = ", ".join(_COMMANDS)
        return {"error": f"there is no command {name!r}: there are {known}"}
    try:
        return make(debugger, **arguments)
    except DebugError as error:
        return {"error": str(error)}
    except TypeError as error:
        if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
            raise
        return {"error": f"{name}: {str(error).partition('() ')[2] or error}"}


def _delete(debugger: Debugger, number: int) -> dict[str, Any]:
    debugger.breakpoints.delete(number)
    return _all(debugger)


def _all(debugger: Debugger) -> dict[str, Any]:
    return {"breakpoints": [each.plain() for each in debugger.breakpoints.all.values()]}


_COMMANDS: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    "call": lambda debugger, function, arguments=(): debugger.call(function, arguments),
    "step": lambda debugger, count=1: debugger.step(count),
    "over": lambda debugger, budget=None: debugger.over(budget),
    "out": lambda debugger, budget=None: debugger.out(budget),
    "continue": lambda debugger, budget=None, depth=-1: debugger.proceed(budget, depth),
    "run-to": lambda debugger, **at: debugger.run_to(at),
    "back": lambda debugger, count=1: debugger.back(count),
    "reverse": lambda debugger: debugger.reverse(),
    "restart": lambda debugger: debugger.restart(),
    "state": lambda debugger: debugger.state(),
    "break": lambda debugger, **spec: debugger.breakpoints.add(spec).plain(),
    "condition": lambda debugger, number, condition=None: debugger.breakpoints.set_condition(
        number, condition
    ).plain(),
    "delete": _delete,
    "breakpoints": _all,
    "frame": lambda debugger, number=0: {"frame": debugger.frame(number)},
    "globals": lambda debugger, instance=0: {"globals": debugger.globals(instance)},
    "functions": lambda debugger, instance=0: {"functions": debugger.functions(instance)},
    "disassemble": lambda debugger, function, instance=0: {
        "instructions": debugger.disassemble(function, instance)
    },
    "source": lambda debugger, file, frame=0: {"lines": debugger.source(file, frame)},
    "memory": lambda debugger, address, count, memory=0, instance=0: {
        "bytes": debugger.memory(memory, address, count, instance).hex()
    },
}
