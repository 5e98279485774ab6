"""What a crossing of the boundary costs: calls from Python, slices of typed arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import repeat
from typing import Any

from benchmarks.timing import Timings, interleaved

CALLS = """\
(module
  (func (export "nothing"))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "scale") (param i64 f64) (result f64)
    (f64.mul (f64.convert_i64_s (local.get 0)) (local.get 1))))
"""
INNER = 1000
MIB = 1 << 20


@dataclass(frozen=True)
class Cost:
    """A measured figure beside its target."""

    name: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    """Whether the target is a lower bound; an upper bound otherwise."""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}


def _nothing() -> None:
    pass


def _add(a: int, b: int) -> int:
    return a + b


def _scale(a: int, b: float) -> float:
    return a * b


def _thousand(function: Callable[..., Any], args: tuple[Any, ...]) -> Callable[[], None]:
    """A thousand calls in a row, each written as a call with that many arguments."""
    if not args:

        def calls() -> None:
            for _ in repeat(None, INNER):
                function()

        return calls
    first, second = args

    def calls_with_two() -> None:
        for _ in repeat(None, INNER):
            function(first, second)

    return calls_with_two


def call_costs(rounds: int) -> list[Cost]:
    """How much longer a call of an exported function takes than one of a plain Python function."""
    from pyjsapi import WebAssembly
    from pyjsapi.text import wat2wasm

    exports = WebAssembly.Instance(WebAssembly.Module(wat2wasm(CALLS))).exports
    costs = []
    for name, plain, args in (
        ("nothing", _nothing, ()),
        ("add", _add, (1, 2)),
        ("scale", _scale, (3, 0.5)),
    ):
        exported = getattr(exports, name)
        # Argument types vary between the calls of a real program: both functions see the same.
        timings = interleaved(
            {"plain": _thousand(plain, args), "exported": _thousand(exported, args)}, rounds
        )
        over = (timings.seconds("exported") - timings.seconds("plain")) / INNER
        signature = {"nothing": "() → ()", "add": "(i32, i32) → i32", "scale": "(i64, f64) → f64"}
        costs.append(
            Cost(f"call of an export {signature[name]}, over a Python call", over * 1e6, "µs", 0.3)
        )
    return costs


def slice_costs(rounds: int) -> list[Cost]:
    """How much longer 1 MiB through a slice of a typed array takes than through a memoryview."""
    reads, writes = _slice_timings(rounds)
    costs = []
    for verb, way, timings in (("read", "reads", reads), ("written", "writes", writes)):
        speed = f"memcpy {way} {MIB / timings.seconds('memcpy') / 1e9:.1f} GB/s"
        for name, kind, note in (("array", "Uint8Array", ""), ("doubles", "Float64Array", speed)):
            title = f"1 MiB {verb}, {kind} slice ÷ memcpy"
            costs.append(Cost(title, timings.ratio(name, "memcpy"), "x", 1.5, note=note))
    return costs


def _slice_timings(rounds: int) -> tuple[Timings, Timings]:
    """Of reads and of writes of 1 MiB each, by slices of two kinds and by a memoryview."""
    from pyjsapi import Float64Array, Uint8Array, WebAssembly

    memory = WebAssembly.Memory({"initial": 64})
    source = bytes(range(256)) * (MIB // 256)
    plain = memoryview(bytearray(4 * MIB))
    taken = Uint8Array(memory.buffer)
    doubles = Float64Array(memory.buffer)
    source_doubles = memoryview(source).cast("d")

    def read_array() -> Any:
        return taken[0:MIB]

    def read_doubles() -> Any:
        return doubles[0 : MIB // 8]

    def read_memory() -> Any:
        return bytearray(plain[0:MIB])

    def write_array() -> None:
        taken[0:MIB] = source

    def write_doubles() -> None:
        doubles[0 : MIB // 8] = source_doubles

    def write_memory() -> None:
        plain[0:MIB] = source

    reads = interleaved(
        {"array": read_array, "doubles": read_doubles, "memcpy": read_memory}, rounds
    )
    writes = interleaved(
        {"array": write_array, "doubles": write_doubles, "memcpy": write_memory}, rounds
    )
    return reads, writes
