"""Native code that looks now and then whether it is to end: see `interruptible.make_interruptible`.

Where functions and loops begin Wasmtime compares a counter, the engine's epoch, with what a store has as its deadline.
A thread counts; a store whose deadline is over calls Python, where signals and exceptions from other threads come.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.engines.wasmtime import library
from pyjsapi.engines.wasmtime.guarding import guarded

if TYPE_CHECKING:
    from pyjsapi.engines.wasmtime.store import Store

PERIOD: Final = 0.02
"""Seconds between two looks."""


def start_counting(lib: Any, engine: int) -> None:
    """Have a thread count the epoch of an engine, as long as this process lives."""

    def count() -> None:
        while True:
            time.sleep(PERIOD)
            lib.wasmtime_engine_increment_epoch(engine)

    threading.Thread(target=count, name="pyjsapi epoch", daemon=True).start()


def heed(store: Store, pointer: int) -> None:
    """Have the code of a store, ``pointer`` in the C API, look."""
    new_error = store.lib.wasmtime_error_new

    @guarded
    def look(_context: int, _data: int, delta: Any, _kind: Any) -> int | None:
        try:
            for bell in tuple(store.bells):
                bell.pay()
            delta[0] = 1
            return None
        except BaseException as error:
            store.pending = error
            found: int = new_error(b"interrupted")
            return found

    callback = library.EPOCH_CALLBACK(look)
    store.callbacks.append(callback)
    store.lib.wasmtime_store_epoch_deadline_callback(pointer, callback, None, None)
    store.lib.wasmtime_context_set_epoch_deadline(store.context, 1)
