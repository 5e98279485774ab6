"""What tests of several folders use, and what holds for every test."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Folders for what is kept between processes: a run neither reads nor writes the user's."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PYJSAPI_CACHE", "PYJSAPI_LOWERED_CACHE"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        yield


@pytest.fixture(scope="session", autouse=True)
def heeded_interrupts() -> Iterator[None]:
    """Whoever runs the tests in the background of a shell has the signal ignored, and so would commands under test."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, before)


@pytest.fixture
def busy_switching() -> Iterator[None]:
    """Let threads take turns as often as possible."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


@pytest.fixture
def deep_stack() -> Iterator[None]:
    """For tests that recurse without end: what other tests have left is not finalised down there."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.fixture
def fewest_digits() -> Iterator[None]:
    """Let Python convert no more decimal digits than it must."""
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(sys.int_info.str_digits_check_threshold)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(limit)
