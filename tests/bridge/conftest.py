"""Memories that are reached through accessors, outside of Pyodide: their bytes stay in Python."""

from __future__ import annotations

import pytest

from pyjsapi.bridge.memory.proxies import ProxyMemories


@pytest.fixture(scope="session")
def memories() -> ProxyMemories:
    """The link's part for memories, one for all tests: what they drop may go later."""
    made = ProxyMemories()
    made.install()
    return made
