"""The builtin set ``shm-exchange``: the import module ``test:shm/exchange`` for memory 0 of the instance.

Blocks are those of the `Exchange` that the host offers among the ``resources`` under the name of the module; an
instance that is offered none has one of its own. The memory is reached by calls, so that blocks can be read while code
runs.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any, Final

from pyjsapi.ecmascript.conversions import shown
from pyjsapi.jsapi.instantiation import Instantiation
from pyjsapi.sharing.builtins.signatures import Row, builtins
from pyjsapi.sharing.exchange import MODULE, Exchange, Guest

_SIGNATURES: Final = {
    "[constructor]memory-block": "i32 -> i32",
    "[method]memory-block.minimum-size": "i32 -> i32",
    "[static]memory-block.optimum-size": "i32 i32 -> i32",
    "[static]memory-block.add-storage": "i32 i32 i32",
    "[method]memory-block.attach": "i32 i32 i32",
    "[method]memory-block.detach": "i32 i32",
    "[method]memory-block.clone": "i32 -> i32",
    "[method]memory-block.create-partition": "i32 i32 i32 i32 -> i32",
    "[static]memory-block.create-local": "i32 i32 -> i32",
    "[resource-drop]memory-block": "i32",
}


class _Imports:
    """What one instance imports."""

    def __init__(self) -> None:
        self.guest: Guest | None = None
        self.functions: dict[str, Callable[..., Any]] = {}


def _prepare(made: Instantiation) -> None:
    imports = made.own(_Imports)
    if imports.guest is None:
        exchange = made.resources.get(MODULE)
        if exchange is None:
            exchange = Exchange()
        elif not isinstance(exchange, Exchange):
            raise TypeError(
                f"{made.what}: resources[{MODULE!r}] must be an Exchange, not {shown(exchange)}"
            )
        imports.guest = exchange.guest()
        imports.functions = imports.guest.imports()[MODULE]
        made.when_made(MethodType(_have_memory, made))


def _have_memory(made: Instantiation) -> None:
    guest = made.own(_Imports).guest
    if guest is not None:
        guest.budget = made.budget
        if made.mems:
            guest.memory = made.mems[0]


def _row(name: str, signature: str) -> Row:
    def call(made: Instantiation, *arguments: int) -> Any:
        return made.own(_Imports).functions[name](*arguments)

    return signature, call


BUILTINS: Final = builtins(
    {name: _row(name, signature) for name, signature in _SIGNATURES.items()},
    of_instance=True,
    prepare=_prepare,
)
