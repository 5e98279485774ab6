"""What a host needs of an engine. The Python engine's classes fit as they are; nothing here runs on a call's way.

Values are the store's: integers unsigned, f32 and f64 floats (an f32 widened, with its NaN's payload), ``None`` a null
reference, `Func` and any other object a reference. What an engine raises are the errors of `syntax.errors`, exceptions
of WebAssembly (`runtime.exception.ExnInst`), `MemoryError`, and what host functions raised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from pyjsapi.embedding.settings import Settings
    from pyjsapi.embedding.valid_module import ValidModule
    from pyjsapi.syntax.deftypes import DefType
    from pyjsapi.syntax.types import GlobalType, MemType, TableType, TagType
    from pyjsapi.validation.limits import Limits


class Func(Protocol):
    """A function instance."""

    type: DefType
    call: Callable[..., Any]
    """One positional argument per parameter; gives ``None``, the result, or a tuple of results."""
    host: Callable[..., Any] | None
    """The host's callable, of a host function."""
    index: int | None
    wrapper: Any
    """The host's object for it."""

    def depth(self, *, at_once: bool = False) -> int:
        """The recursion limit that a call from outside needs; 0 for any."""


class Memory(Protocol):
    """A memory instance: sizes in pages, addresses in bytes."""

    ceiling: int
    held_by: str | None
    """The name of the engine whose instances have it; ``None`` as long as none has: it floats."""
    buffer: Any
    """The host's current buffer."""
    wrapper: Any

    @property
    def declared_type(self) -> MemType:
        """The type that it was made with."""

    @property
    def type(self) -> MemType:
        """The type with the current size as minimum."""

    @property
    def pages(self) -> int:
        """Current size."""

    @property
    def byte_length(self) -> int:
        """Current size in bytes."""

    def grow(self, delta: int, /) -> int:
        """Grow; the size before, or -1."""

    def wait(self, address: int, size: int, expected: int, timeout: int, /) -> int:
        """``memory.atomic.wait``"""

    def notify(self, address: int, count: int, /) -> int:
        """``memory.atomic.notify``"""


class Table(Protocol):
    """A table instance."""

    held_by: str | None
    wrapper: Any

    @property
    def type(self) -> TableType:
        """The type with the current size as minimum."""

    def get(self, index: int, /) -> Any:
        """An element."""

    def set(self, index: int, value: Any, /) -> None:
        """Store an element."""

    def grow(self, delta: int, init: Any, /) -> int:
        """Grow; the size before, or -1."""


class Global(Protocol):
    """A global instance."""

    type: GlobalType
    cell: Any
    """Its value is ``cell[0]``."""
    held_by: str | None
    wrapper: Any


class Tag(Protocol):
    """A tag instance."""

    type: TagType
    wrapper: Any


Extern: TypeAlias = "Func | Memory | Table | Global | Tag"
"""Something that a module imports or exports."""


class Fuel(Protocol):
    """How many instructions an instance may execute."""

    @property
    def limited(self) -> bool:
        """Whether there is an end of it."""

    @property
    def left(self) -> int:
        """What is left."""

    @property
    def used(self) -> int:
        """What was used."""

    def add(self, fuel: int, /) -> None:
        """Add to what is left, from any thread."""

    def refill(self, fuel: int, /) -> None:
        """Have so much left, neither more nor less, while nothing runs."""


class HostCalls(Protocol):
    """How many calls of host functions an instance may make."""

    left: int
    """What is left."""

    @property
    def used(self) -> int:
        """What was used."""

    def add(self, calls: int, /) -> None:
        """Add to what is left, from any thread."""


class MemoryBudget(Protocol):
    """How many bytes there may be of what an instance has made."""

    def add(self, memory: Any, /) -> None:
        """Count a memory while there is one. Raises `MemoryError` where that is too much."""

    def hold(self, other: object, size: int, /) -> None:
        """Count some bytes while there is an object. Raises `MemoryError` likewise."""

    def check(self, size: int, /) -> None:
        """Raise `MemoryError` where there cannot be so many bytes more."""


class Clock(Protocol):
    """How long calls of an instance from outside may take."""

    seconds: float
    """Those that begin from now on; ``math.inf`` for any time."""

    def interrupt(self) -> bool:
        """End what runs, from any thread; whether anything did."""


class Instance(Protocol):
    """An instantiated module."""

    @property
    def fuel(self) -> Fuel | None:
        """Its fuel, where `Limits.fuel` is set; there may be an endless one where `Limits.deadline` is."""

    @property
    def budget(self) -> MemoryBudget | None:
        """What it may have of memory, where `Limits.max_memory_bytes` is set."""

    @property
    def host_calls(self) -> HostCalls | None:
        """Its host calls, where `Limits.max_host_calls` is set."""

    @property
    def clock(self) -> Clock | None:
        """Its clock, where `Limits.deadline` is set."""

    @property
    def exports(self) -> Mapping[str, Any]:
        """Its exports, each an `Extern`, in the module's order."""


class Setup(Protocol):
    """What a host has to say while an instance is made."""

    def begun(self, instance: Any, /) -> None:
        """The engine's instance has its imports, and `MemoryBudget`; nothing else of it stands.

        It can be given the fuel, host calls and clock of another instance of the module, to share them.
        """

    def make_memory(
        self,
        memidx: int,
        type_: MemType,
        limits: Limits,
        make: Callable[[MemType, Limits], Any],
        /,
    ) -> Any:
        """A `Memory` that the module defines: what ``make`` gives, or another one that the module can have for it.

        ``memidx`` is its index in the module.
        """

    def memories_made(self, mems: Sequence[Any], /) -> None:
        """The memories, each a `Memory`, stand, imported ones first; nothing was written to those of the module.

        How they are reached may still change: no code relies on it.
        """

    @property
    def resumes(self) -> bool:
        """Whether the instance goes on from a state: its active segments are not written, nor does it start."""

    def resume(self, instance: Any, /) -> None:
        """Give the engine's instance that state. All of it stands, and all segments are dropped."""

    def segments_written(self) -> None:
        """Active segments are written, or the instance has its state; the start function comes next."""


class Engine(Protocol):
    """What runs WebAssembly. It checks what is imported, and calls the start function."""

    @property
    def name(self) -> str:
        """Its name, for people."""

    def compile(self, data: bytes, settings: Settings, /) -> ValidModule:
        """Decode, validate and make ready. Raises `DecodeError`, `ValidationError`, `FeatureError`, `MemoryError`.

        `engines.Refusal` for a valid module that it cannot run. See `engines.native` for engines that validate bodies.
        """

    def prepare(self, module: ValidModule, /) -> ValidModule:
        """Make ready what was validated already, by another engine, with its settings.

        Raises `MemoryError` and `engines.Refusal`.
        """

    def instantiate(
        self, module: Any, imports: Sequence[Any], /, setup: Setup | None = None
    ) -> Instance:
        """Instantiate what `compile` gave, with externs in the order of its imports.

        Raises `LinkError`, `MemoryError`, and what ``setup`` or the start function raise.
        """

    def new_memory(self, type_: MemType, limits: Limits, /) -> Any:
        """A `Memory` of the host's own, which no instance has. Raises `MemoryError`.

        Tables and globals of the host's are the runtime's: an engine takes over those that float when it links them.
        """
