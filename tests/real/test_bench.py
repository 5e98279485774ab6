"""The steps that the manifest lists for measurements give what they must."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pyjsapi.comparison.driver import run_case
from real.build import OUT
from web.catalogue import check_case


@pytest.mark.parametrize("name", ["mappings", "sqlite"])
def test_the_steps_of_a_measured_module_succeed(manifest: dict[str, Any], name: str) -> None:
    (entry,) = (entry for entry in manifest["bench"] if entry["id"] == name)
    case = check_case({**entry, "covers": []}, folder=OUT, group="bench").to_json()
    transcript = asyncio.run(run_case(case))
    assert [step for step in transcript if "error" in step] == []
    expected = [(k, step["expect"]) for k, step in enumerate(case["steps"]) if "expect" in step]
    assert expected
    for k, value in expected:
        assert transcript[k]["value"] == value
