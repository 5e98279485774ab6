"""Facts as checks, at run time: what code calls that was translated with `Options.assertions`.

Such code does what it does without them, and looks at everything that it relies on: intervals and alignments, values in
canonical form, the order of what reads, traps or has effects, temporaries that stand for parts of a local, and the
rounds of counted loops. `asserting` writes the calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NoReturn

from pyjsapi.runtime.exception import UNCATCHABLE

M32: Final = 0xFFFF_FFFF
_SIGN: Final = 0x8000_0000


class FactError(AssertionError):
    """Something that translated code relies on is not so: an error of this engine, whatever the module does.

    No clause of WebAssembly catches it, and it is no trap.
    """


setattr(FactError, UNCATCHABLE, True)


def _fail(message: str) -> NoReturn:
    raise FactError(message)


# Values


def int_in(value: Any, low: int, high: int, align: int) -> Any:
    """An integer in an interval that ``2**align`` divides."""
    if value.__class__ is not int or not low <= value <= high or value & (1 << align) - 1:
        _fail(f"{value!r} is not in {low}..{high} and a multiple of {1 << align}")
    return value


def int_then(value: Any, low: int, high: int, align: int, done: int, due: int) -> Any:
    """`int_in`, if what comes before has been evaluated: it may trap yet, and what follows is not seen then."""
    return int_in(value, low, high, align) if done >= due else value


def float_is(value: Any) -> Any:
    """A float."""
    if value.__class__ is not float:
        _fail(f"{value!r} is no float")
    return value


# Order. Code counts what it has evaluated: ``_n`` what may trap or has an effect, ``_m`` what has an effect.


def done(value: Any, count: int, due: int) -> Any:
    """The value of an operation that may trap, which has just been counted."""
    if count != due:
        _fail(f"operation {count} is evaluated where operation {due} should be")
    return value


def did(value: Any, count: int, due: int, effects: int, effects_due: int) -> Any:
    """The value of an operation that has an effect, which has just been counted."""
    if effects != effects_due:
        _fail(f"effect {effects} happens where effect {effects_due} should")
    return done(value, count, due)


def read_at(value: Any, effects: int, due: int) -> Any:
    """What was read, after as many effects as come before the instruction."""
    if effects != due:
        _fail(f"read after {effects} effects instead of {due}")
    return value


def stated(count: int, due: int, effects: int, effects_due: int) -> tuple[int, int]:
    """Count a statement that has an effect, after all that comes before it; the new counts."""
    if count != due - 1 or effects != effects_due - 1:
        _fail(
            f"operation {count + 1}, effect {effects + 1} is written where {due}, {effects_due} should be"
        )
    return due, effects_due


# What stands for something else


def same(value: Any, meant: Any) -> Any:
    """A temporary that stands for part of a local."""
    if value != meant:
        _fail(f"a temporary holds {value!r}, it stands for {meant!r}")
    return value


def index_is(index: int, address: int, size: int, offset: int) -> int:
    """The index of the element of ``size`` bytes at an address and an offset."""
    if index * size != address + offset:
        _fail(f"element {index} of {size} bytes is not at {address} + {offset}")
    return index


def divided(value: int, size: int) -> int:
    """An address as the index of an element of ``size`` bytes."""
    if value % size:
        _fail(f"{value} is kept as the index of an element of {size} bytes")
    return value // size


# Counted loops


def _signed(value: int) -> int:
    return value - (M32 + 1) if value & _SIGN else value


_TESTS: Final[dict[str, Callable[[int, int], bool]]] = {
    "ne": lambda value, bound: value != bound,
    "lt_u": lambda value, bound: value < bound,
    "lt_s": lambda value, bound: _signed(value) < _signed(bound),
}


def rounds(values: Iterable[int], counter: int, step: int, test: str, bound: int) -> Iterator[int]:
    """The values of a counter, compared with what stepping and testing it gives. A first 0 may be ``2**32``."""
    goes_on = True
    for value in values:
        if not goes_on or value & M32 != counter or (value > M32 and value - 1 & M32 != M32):
            _fail(f"a round with the counter {value}, stepping comes to {counter}")
        yield value
        counter = counter + step & M32
        goes_on = _TESTS[test](counter, bound)
    if goes_on or counter != bound:
        _fail(f"the rounds end at {counter}, which the test lets pass or which is not {bound}")


def pointed(
    values: Iterable[int], pointer: int, pointer_step: int, counter: int, step: int
) -> Iterator[int]:
    """The values of a pointer, which is stepped in place of a counter down to 0."""
    goes_on = True
    value = pointer
    for value in values:
        if not goes_on or value != pointer:
            _fail(f"a round with the pointer {value}, stepping comes to {pointer}")
        yield value
        pointer = pointer + pointer_step & M32
        counter = counter + step & M32
        goes_on = counter != 0
    if goes_on or value + pointer_step != pointer:
        _fail(f"the rounds end with the pointer {pointer} and the counter {counter}")


GLOBALS: Final[dict[str, Any]] = {
    function.__name__: function
    for function in (
        int_in, int_then, float_is, done, did, read_at, stated, same, index_is, divided, rounds,
        pointed,
    )
}  # fmt: skip
"""Names that generated code may use."""
