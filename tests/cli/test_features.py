"""``pyjsapi features``, and the table of proposals behind it."""

from __future__ import annotations

import json
import re
from dataclasses import fields

import pytest

from pyjsapi import Features
from pyjsapi.cli import proposals
from pyjsapi.cli.main import main
from pyjsapi.cli.proposal_tests_gen import TESTS
from pyjsapi.cli.proposals import ENGINES, PROPOSALS, Proposal
from pyjsapi.syntax.instructions import OPS


def test_every_feature_has_a_row() -> None:
    assert proposals.without_row() == []


def test_a_feature_without_a_row_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposals, "PROPOSALS", PROPOSALS[:1])
    assert "simd" in proposals.without_row()


def test_rows_are_whole() -> None:
    names = [proposal.name for proposal in PROPOSALS]
    assert len(set(names)) == len(names)
    known = {one.name for one in fields(Features)}
    for proposal in PROPOSALS:
        assert bool(proposal.field) is not bool(proposal.has), proposal.name
        assert proposal.field in {*known, ""}, proposal.name
        assert proposal.has in {"", "yes", "no", "extension", "not applicable"}, proposal.name
        assert re.fullmatch(r"(\d{4}-\d\d(-\d\d)?)?", proposal.since), proposal.name
        assert bool(proposal.since) is bool(proposal.phase), proposal.name
        assert set(proposal.engines) <= set(ENGINES), proposal.name
        assert all(proposal.engines.values()), proposal.name


def test_every_instruction_beyond_the_first_version_belongs_to_a_row() -> None:
    counted = sum(proposal.instructions for proposal in PROPOSALS)
    assert counted == len({(op.mnemonic, op.feature) for op in OPS if op.feature})


def test_what_is_here_passes_nearly_all_of_its_tests() -> None:
    for proposal in PROPOSALS:
        if proposal.name in TESTS and proposal.here in {"default", "yes"}:
            passed, total = TESTS[proposal.name]
            assert passed >= 0.95 * total, proposal.name


def test_how_it_is_here_is_read_from_the_defaults() -> None:
    here = {proposal.field or proposal.name: proposal.here for proposal in PROPOSALS}
    assert here["simd"] == "default"
    assert here["memory_control"] == "flag"
    assert Proposal("x", "x", 1, "2026-01", has="no").here == "no"


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(PROPOSALS) + 1
    assert lines[0].split() == ["proposal", "phase", "since", "pyjsapi", "tests", *ENGINES]
    control = next(line for line in lines if line.startswith("Memory control"))
    assert "flag memory_control" in control


def test_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    simd = rows["SIMD of 128 bits"]
    assert simd["url"] == "https://github.com/WebAssembly/simd"
    assert (simd["phase"], simd["since"], simd["pyjsapi"]) == (5, "2021-07-14", "default")
    assert (simd["feature"], simd["instructions"]) == ("simd", 236)
    assert simd["tests"]["passed"] == simd["tests"]["of"] > 20000
    assert simd["engines"]["chrome"] == "91"
    own = rows["Section `pyjsapi.memory-map`"]
    assert (own["url"], own["phase"], own["since"]) == (None, None, None)
    assert own["engines"] == dict.fromkeys(ENGINES)
