"""Engines: what modules are compiled with, and the epochs that all their stores see."""

from __future__ import annotations

import weakref
from threading import Lock
from typing import TYPE_CHECKING

from pyjsapi.compat.wasmtime.config import Config, Settings
from pyjsapi.compat.wasmtime.managed import Managed

if TYPE_CHECKING:
    from pyjsapi.compat.wasmtime.store import Store


class Engine(Managed):
    """Settings for modules, stores and linkers that belong together.

    What runs their code is what `pyjsapi.engines` has as default when a module is compiled.
    """

    def __init__(self, config: Config | None = None) -> None:
        if config is None:
            config = Config()
        elif not isinstance(config, Config):
            raise TypeError("expected Config")
        config._consume()
        self._settings = Settings(config)
        self._lock = Lock()
        self._epoch = 0
        self._stores: weakref.WeakSet[Store] = weakref.WeakSet()

    def increment_epoch(self) -> None:
        """Begin the next epoch, from any thread: code of stores whose deadline it is ends with a trap."""
        self._check_open()
        with self._lock:
            self._epoch += 1
            stores = list(self._stores)
        for store in stores:
            store.epoch_begun()

    def is_pulley(self) -> bool:
        """Whether code is run by Wasmtime's interpreter: ``False``."""
        self._check_open()
        return False

    def _add(self, store: Store) -> None:
        with self._lock:
            self._stores.add(store)


def open_engine(given: object) -> Engine:
    """An engine that is not closed. Raises `TypeError` for what is none, `ValueError`."""
    if not isinstance(given, Engine):
        raise TypeError("expected an Engine")
    given._check_open()
    return given
