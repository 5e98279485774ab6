"""A plugin of pytest (``-p tests.engines.auto.on_auto``): all that is run is run on ``auto``.

With ``PYJSAPI_TEST_AUTO=eager`` instances are moved as early as can be, before the second call.
"""

from __future__ import annotations

import os

import pytest

from pyjsapi import engines
from pyjsapi.engines.auto import AutoEngine


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Use it for all that is run. Handlers of signals have to come after pytest's `faulthandler`."""
    engines.engine("wasmtime")
    eager = os.environ.get("PYJSAPI_TEST_AUTO") == "eager"
    engines.use(AutoEngine(calls=1) if eager else "auto")
