"""scripts/esm_tests.py, with a checkout of our own in place of the proposal's."""

from __future__ import annotations

from pathlib import Path

import esm_tests
import pytest
from common import Failure

from tests.project.test_conformance import HARNESS

TEST = """// META: script=/wasm/jsapi/helper.js
promise_test(async () => {
  const { f } = await import("./resources/m.wasm");
  assert_equals(f(), undefined);
}, "imported");
promise_test(async () => {
  const source = await import.source("./resources/m.wasm");
  assert_equals(source instanceof WebAssembly.Module, yes);
}, "source");
promise_test(async () => assert_equals(1, 2), "v128 on purpose");
"""
FINISH = "setTimeout(() => chain.then(() => completed(tests, { status: 0 })), 0);"
PATIENT = HARNESS.replace(
    FINISH,
    """const poll = () => {
    const now = chain;
    now.then(() => (tests.length && now === chain ? completed(tests, { status: 0 }) : setTimeout(poll, 5)));
  };
  setTimeout(poll, 0);""",
)
"""A harness that waits for a file that is imported."""
MODULE = bytes.fromhex("0061736d0100000001040160000003020100070501016600000a040102000b")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, data in {
        "test/harness/testharness.js": PATIENT,
        "test/js-api/helper.js": "const yes = true;",
        "test/js-api/esm-integration/one.tentative.any.js": TEST,
        "test/js-api/esm-integration/two.tentative.any.js": "nothing();",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(data)
    (tmp_path / "test/js-api/esm-integration/resources").mkdir()
    (tmp_path / "test/js-api/esm-integration/resources/m.wasm").write_bytes(MODULE)
    return tmp_path


def test_files_run_with_the_hooks(
    checkout: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = esm_tests.Place("hooks", "node", esm_tests.LOADER.as_uri())
    monkeypatch.setattr(esm_tests, "places", lambda folder: [place])
    report = tmp_path_factory.mktemp("report") / "conformance.md"
    report.write_text("# A page\n\n## spec\n\n## WASI preview 1\n\nrows\n")
    monkeypatch.setattr(esm_tests, "REPORT", report)
    before = sorted(checkout.rglob("*"))
    for _ in range(2):  # the second time in place of the first
        assert esm_tests.main([str(checkout), str(checkout), "--commit", "abc", "--write"]) == 0
    assert sorted(checkout.rglob("*")) == before
    assert "hooks: 2 of 4 subtests pass" in capsys.readouterr().out
    text = report.read_text()
    assert text.startswith("# A page\n\n## spec\n\n## ESM integration\n")
    assert text.endswith("\n## WASI preview 1\n\nrows\n")
    assert text.count("## ESM integration") == 1
    assert "| **all** | 4 | 2 |\n" in text
    assert "*v128 on purpose* (hooks): a binding of a module of JavaScript" in text
    assert "two.tentative.any.js: *the file* (hooks): not explained" in text
    assert esm_tests.section(text) in text
    assert esm_tests.section("no such section") == ""


def test_a_folder_without_the_tests(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="has no test/js-api/esm-integration"):
        esm_tests.main([str(tmp_path), str(tmp_path)])


def test_what_fails_has_a_reason() -> None:
    text = esm_tests.section(esm_tests.REPORT.read_text("utf-8"))
    assert "subtests" in text
    assert "not explained" not in text
