"""All tests run with each mechanism."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pyjsapi import suspension


@pytest.fixture(params=["greenlet", "thread"], autouse=True)
def mechanism(request: pytest.FixtureRequest) -> Iterator[str]:
    """Calls that begin in a test are suspended by this mechanism."""
    suspension.use(request.param)
    yield request.param
    suspension.use(None)
