"""The native engine: one for each process, made when it is first needed."""

from __future__ import annotations

import os
import threading
from ctypes import addressof
from typing import Any, Final

from pyjsapi.engines.interruptible import decide
from pyjsapi.engines.wasmtime import library
from pyjsapi.engines.wasmtime.heeding import start_counting
from pyjsapi.engines.wasmtime.reservations import CREATOR

MAX_STACK: Final = 1 << 20
"""Bytes of the C stack that native code may take, from the outermost call on."""
_ON: Final = (
    "wasm_threads", "shared_memory", "wasm_tail_call", "wasm_reference_types", "wasm_function_references", "wasm_gc",
    "gc_support", "wasm_simd", "wasm_relaxed_simd", "wasm_bulk_memory", "wasm_multi_value", "wasm_multi_memory",
    "wasm_memory64", "wasm_exceptions", "wasm_custom_page_sizes", "wasm_wide_arithmetic",
)  # fmt: skip


class NativeEngine:
    """Wasmtime's engine, ``pointer``, and what compiles for it.

    In a process that was forked another engine does that, because the threads that the first one compiles with are not
    there: what it compiles is taken over as an artifact.
    """

    def __init__(self) -> None:
        self.lib: Any = library.load()
        self.interruptible = decide()
        """Whether its code looks now and then whether it is to end."""
        self.pointer = _made(self.lib, parallel=True, interruptible=self.interruptible)
        self._compiler = self.pointer
        self._forked = False
        if self.interruptible:
            start_counting(self.lib, self.pointer)

    @property
    def compiler(self) -> int:
        """The engine that compiles, `pointer` itself or another one."""
        if self._forked:
            self._forked = False
            self._compiler = _made(self.lib, parallel=False, interruptible=self.interruptible)
        return self._compiler

    def forked(self) -> None:
        """This process is a fork."""
        self._forked = True
        if self.interruptible:
            start_counting(self.lib, self.pointer)


def _made(lib: Any, *, parallel: bool, interruptible: bool) -> int:
    config = lib.wasm_config_new()
    for name in _ON:
        getattr(lib, f"wasmtime_config_{name}_set")(config, True)
    # With copy-on-write, and memories of ours, the first data segment would end the process.
    lib.wasmtime_config_memory_init_cow_set(config, False)
    lib.wasmtime_config_parallel_compilation_set(config, parallel)
    lib.wasmtime_config_epoch_interruption_set(config, interruptible)
    lib.wasmtime_config_max_wasm_stack_set(config, MAX_STACK)
    lib.wasmtime_config_host_memory_creator_set(config, addressof(CREATOR))
    made: int | None = lib.wasm_engine_new_with_config(config)
    if not made:
        raise library.unavailable("the library made no engine")
    return made


_engines: Final[list[NativeEngine]] = []
_making: Final = threading.RLock()


def native_engine() -> NativeEngine:
    """The engine of this process. Raises `EngineUnavailable`."""
    if not _engines:
        with _making:
            if not _engines:
                _engines.append(NativeEngine())
    return _engines[0]


def _after_fork() -> None:
    for engine in _engines:
        engine.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
