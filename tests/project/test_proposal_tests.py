"""scripts/proposal_tests.py and the page that is made of what it finds."""

from __future__ import annotations

import json
from pathlib import Path

import proposal_tests
import pytest
from common import Failure
from generators import features

from pyjsapi.cli.proposals import Proposal


def test_scripts_are_run_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "proposals" / "new").mkdir(parents=True)
    text = '(module (func (export "f") (result i32) (i32.const 1)))\n(assert_return (invoke "f") (i32.const {}))'
    (tmp_path / "new.wast").write_text(text.format(1))
    (tmp_path / "other.wast").write_text("(")
    (tmp_path / "proposals" / "new" / "a.wast").write_text(text.format(2))
    row = Proposal("New", "new", 1, "2026-01", has="no", scripts="new.wast proposals/new/*.wast")
    monkeypatch.setattr(proposal_tests, "PROPOSALS", (row,))
    monkeypatch.setattr(features, "PROPOSALS", (row,))
    results = tmp_path / "results.json"
    monkeypatch.setattr(features, "RESULTS", results)
    assert proposal_tests.main([str(tmp_path), "--commit", "c" * 40, "-o", str(results)]) == 0
    assert json.loads(results.read_text()) == {
        "commit": "c" * 40,
        "scripts": {"new.wast": [1, 1], "proposals/new/a.wast": [0, 1]},
    }
    assert features.tests() == {"New": (1, 2)}
    assert "'New'" not in features.python()
    assert '"New": (1, 2),' in features.python()
    assert (
        "| [New](https://github.com/WebAssembly/new) | 1, 2026-01 | no | 1 / 2 | – |"
        in features.page()
    )


def test_a_folder_without_scripts(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="has no scripts"):
        proposal_tests.main([str(tmp_path)])


def test_stars_do_not_cross_folders() -> None:
    row = Proposal("x", "x", 1, "2026-01", has="no", scripts="*64.wast legacy/*.wast")
    paths = ["a64.wast", "legacy/a64.wast", "proposals/threads/b64.wast", "b.wast"]
    assert features.scripts_of(row, paths) == ["a64.wast", "legacy/a64.wast"]
