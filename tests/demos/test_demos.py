"""Every demonstration, run as a user runs it; the acceptance checks that each promises are among what it checks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from pyjsapi.demos.catalogue import SKIPPED, find, names

ROOT: Final = Path(__file__).resolve().parents[2]
PROMISED: Final = {
    "adapter": "UC-21",
    "any_memory": "UC-7 UC-15",
    "arrow_batch": "",
    "big64": "M64-3 PS-2",
    "canvas": "UC-30",
    "case_a_proxy": "CS-A",
    "case_b_whole_ram": "CS-B",
    "case_c_multi_ram": "CS-C",
    "control_loop": "CS-3",
    "discard_rss": "UC-14",
    "grow_race": "WT-6 WT-7",
    "lower_equiv": "UC-10b",
    "microfunctions": "UC-27",
    "opt1_mmap": "O1-1 O1-2 O1-3 O1-4 O1-5",
    "opt2_config_section": "O2-1 O2-2 O2-4 O2-5 CS-1",
    "opt3_memory_control": " ".join(f"P-{number}" for number in range(1, 14)),
    "opt4_shared_heap": "O4-1 O4-2 O4-3 O4-5 O4-7 O4-8 O4-9 O4-10",
    "opt5_blocks": "O5-1 O5-2 O5-3 O5-4 O5-5 O5-6 O5-7",
    "opt6_memref": "O6-1 O6-2 O6-3 O6-4 O6-5",
    "owoa": "UC-25",
    "persistent_file": "",
    "post_message": "CL-1 CL-2 CL-3",
    "process_counter": "SM-15",
    "req_abcd": "RQ-A RQ-B RQ-C RQ-D",
    "rodata": "UC-28",
    "rollback": "UC-2",
    "socket_into": "P-12",
    "spawn_child": "UC-13",
    "speed_size": "UC-22",
    "split_profile": "UC-10",
    "three_libs": "UC-1",
    "threads_mutex": "SM-15",
    "typed_list": "UC-8",
    "vertex_buffer": "UC-16",
    "wait_queue": "SM-12",
    "web_workers": "",
}
"""The demonstrations of the plan, and the acceptance checks of each."""


@pytest.mark.parametrize("name", names())
def test_a_demonstration_passes(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"pyjsapi.demos.{name}"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    if done.returncode == SKIPPED:
        assert lines[-1].startswith(f"SKIPPED {name}: ")
        pytest.skip(lines[-1])
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert lines[0] == f"{name}: {find(name).title}"
    assert re.fullmatch(rf"PASS {name}: \d+ checks, [\d.]+ s", lines[-1])
    checked = set(re.findall(r"^  ok   ([A-Z0-9]+-\w+): ", done.stdout, re.MULTILINE))
    assert checked == set(find(name).checks)


def test_every_demonstration_of_the_plan_is_there() -> None:
    assert names() == sorted(PROMISED)


@pytest.mark.parametrize("name", names())
def test_a_demonstration_makes_the_checks_that_were_planned(name: str) -> None:
    assert set(PROMISED[name].split()) <= set(find(name).checks)


@pytest.mark.parametrize("name", names())
def test_a_demonstration_can_be_read(name: str) -> None:
    text = (ROOT / "pyjsapi" / "demos" / f"{name}.py").read_text("utf-8")
    assert text.count("\n") <= 200
    title, _, rest = find(name).text.partition("\n")
    assert title.endswith(".") and len(rest) > 100
