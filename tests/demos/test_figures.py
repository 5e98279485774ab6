"""What demonstrations measured where an acceptance check names a number of bytes, on systems that tell it."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells how many bytes a process has"
)


def figure(name: str, text: str) -> float:
    """A figure, in a process that has run nothing before."""
    done = subprocess.run(
        [sys.executable, "-m", f"pyjsapi.demos.{name}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = (line for line in done.stdout.splitlines() if line.startswith(f"    {text}: "))
    return float(line.removeprefix(f"    {text}: ").removesuffix(" MiB").replace(",", ""))


def test_uc_14_discarded_pages_are_given_back() -> None:
    assert figure("discard_rss", "given back") >= 200


def test_uc_22_memories_on_the_heap_take_few_addresses() -> None:
    assert figure("speed_size", "addresses taken, heap") < 50


def test_uc_22_memories_for_speed_take_all_that_they_may_grow_to() -> None:
    assert figure("speed_size", "addresses taken, reserve") >= 490


def test_p_9_a_virtual_memory_of_20_gib_takes_nothing() -> None:
    assert figure("opt3_memory_control", "resident for them") < 20
