"""scripts/conformance.py, with a checkout of our own in place of the specification's, in Node."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import conformance
import pytest
from js_api import report as reports

ROOT = Path(__file__).resolve().parents[2]

# As much of testharness.js as the files below use.
HARNESS = """
(function (scope) {
  function ShellTestEnvironment() {}
  const tests = [];
  let chain = Promise.resolve();
  let completed;
  const record = (name, error) => tests.push({ name, status: error ? 1 : 0, message: error ? error.message : null });
  scope.setup = (options) => { if (typeof options === 'function') options(); };
  scope.test = (run, name) => {
    try { run(); record(name); } catch (error) { record(name, error); }
  };
  scope.promise_test = (run, name) => {
    chain = chain.then(run).then(() => record(name), (error) => record(name, error));
  };
  scope.assert_equals = (actual, expected) => {
    if (!Object.is(actual, expected)) throw new Error(`expected ${expected}, got ${actual}`);
  };
  scope.add_completion_callback = (callback) => { completed = callback; };
  setTimeout(() => chain.then(() => completed(tests, { status: 0 })), 0);
})(self);
"""
FILES = {
    "test/harness/testharness.js": HARNESS,
    "test/js-api/helper.js": "const EMPTY = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);\n",
    "test/js-api/module/near.js": "function near() { return WebAssembly.validate(EMPTY); }\n",
    "test/js-api/module/all.any.js": """// META: global=window,dedicatedworker,jsshell
// META: script=/wasm/jsapi/helper.js
// META: script=near.js
let module;
setup(() => { module = new WebAssembly.Module(EMPTY); });
test(() => assert_equals(near(), true), 'a script beside the file');
test(() => assert_equals(this.WebAssembly, WebAssembly), 'the global object');
test(() => assert_equals(1, 2), 'wrong | on purpose');
test(() => {}, 'twice');
test(() => {}, 'twice');
promise_test(async () => {
  const compiled = await WebAssembly.compile(EMPTY);
  assert_equals(compiled instanceof WebAssembly.Module, true);
}, 'later');
""",
    "test/js-api/broken.any.js": "let module; undefinedName();\n",
    "test/js-api/shell.any.js": "// META: global=jsshell\ntest(() => {}, 'not for browsers');\n",
}


# A harness of before there were shells takes its scope for a worker's, and is told when the tests are done.
OLD_HARNESS = HARNESS.replace("  function ShellTestEnvironment() {}\n", "").replace(
    "  setTimeout(() => chain.then(() => completed(tests, { status: 0 })), 0);\n",
    """  if (!(scope instanceof DedicatedWorkerGlobalScope)) throw new Error('Unsupported test environment');
  addEventListener('error', () => {});
  scope.done = () => chain.then(() => completed(tests, { status: 0 }));
  scope.assert_throws = (expected, run) => {
    try { run(); } catch (error) { scope.assert_equals(error.name, expected.name); return; }
    throw new Error('nothing was thrown');
  };
""",
)
INTEGRATION = "test/js-api/js-promise-integration/file.any.js"
INTEGRATION_TEXT = """// META: global=jsshell
test(() => assert_throws(TypeError, () => null.x), 'a class');
promise_test(async () => assert_equals(await 1, 1), 'later');
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "spec"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def _run(checkout: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        ROOT / "scripts" / "conformance.py",
        checkout,
        "--engine",
        "node",
        *options,
    ]
    return subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )


def test_the_files_meant_for_browsers_run_and_are_reported(checkout: Path, tmp_path: Path) -> None:
    report, results = tmp_path / "report.md", tmp_path / "results.json"
    run = _run(checkout, "--namespace", "native", "--report", report, "--json", results)
    assert run.returncode == 0, run.stderr
    (files,) = json.loads(results.read_text(encoding="utf-8")).values()
    assert sorted(files) == ["test/js-api/broken.any.js", "test/js-api/module/all.any.js"]
    assert "ReferenceError" in files["test/js-api/broken.any.js"]["error"]
    statuses = {
        name: status
        for name, (status, _) in files["test/js-api/module/all.any.js"]["subtests"].items()
    }
    assert statuses.pop("wrong | on purpose") == "fail"
    assert statuses == dict.fromkeys(
        ["a script beside the file", "the global object", "twice", "twice (2)", "later"], "pass"
    )
    text = report.read_text(encoding="utf-8")
    assert "| js-api/module/all.any.js | 6 | 5 |" in text
    assert "- js-api/broken.any.js: the whole file in Node" in text
    assert "- js-api/module/all.any.js: 1 in Node" in text


def test_promise_integration_runs_anywhere_with_the_harness_that_it_has(
    checkout: Path, tmp_path: Path
) -> None:
    (checkout / "test/harness/testharness.js").write_text(OLD_HARNESS, encoding="utf-8")
    path = checkout / INTEGRATION
    path.parent.mkdir()
    path.write_text(INTEGRATION_TEXT, encoding="utf-8")
    results = tmp_path / "results.json"
    only = ("--only", "promise-integration", "--namespace", "native")
    run = _run(checkout, *only, "--no-report", "--json", results)
    assert run.returncode == 0, run.stderr
    (files,) = json.loads(results.read_text(encoding="utf-8")).values()
    assert files == {
        INTEGRATION: {"error": None, "subtests": {"a class": ["pass", ""], "later": ["pass", ""]}}
    }


def test_the_web_platform_tests_have_folders_of_their_own(tmp_path: Path) -> None:
    renamed = {"test/harness/": "resources/", "test/js-api/": "wasm/jsapi/"}
    for name, text in FILES.items():
        for old, new in renamed.items():
            name = name.replace(old, new)
        path = tmp_path / "wpt" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    common = tmp_path / "wpt" / "common" / "one.js"
    common.parent.mkdir()
    common.write_text("const one = () => 1;\n")
    (tmp_path / "wpt" / "wasm/jsapi/uses.any.js").write_text(
        "// META: script=/common/one.js\ntest(() => assert_equals(one(), 1), 'common');\n"
    )
    apart = tmp_path / "wpt" / "wasm/jsapi/esm-integration/loads.any.js"
    apart.parent.mkdir()
    apart.write_text("test(() => {}, 'for another script');\n")
    results = tmp_path / "results.json"
    engines = [*conformance.shells()]
    run = _run(
        tmp_path / "wpt", *engines[1:], "--namespace", "native", "--no-report", "--json", results
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(results.read_text(encoding="utf-8"))
    titles = [title for title, _ in conformance.shells().values()]
    assert [*found] == [f"wpt, {title}, native" for title in titles]
    for files in found.values():
        assert sorted(files) == [
            "wasm/jsapi/broken.any.js",
            "wasm/jsapi/module/all.any.js",
            "wasm/jsapi/uses.any.js",
        ]
        assert files["wasm/jsapi/uses.any.js"]["subtests"]["common"][0] == "pass"
        subtests = files["wasm/jsapi/module/all.any.js"]["subtests"]
        assert sum(status == "pass" for status, _ in subtests.values()) == 5


def test_failures_are_told_with_their_messages_and_reasons() -> None:
    path = "test/js-api/table/grow-memory64.any.js"
    node, page = reports.Place("Node", "20", "main"), reports.Place("Firefox", "1", "window")
    passing = reports.FileResult({"Basic i64": ("pass", ""), "a | b": ("pass", "")})
    failing = reports.FileResult(
        {"Basic i64": ("fail", "nulls is not defined"), "a | b": ("pass", "")}
    )
    results = reports.Results("spec", "1234")
    results.runs[node] = {"python": {path: failing}, "native": {path: failing}}
    results.runs[page] = {"python": {path: failing}, "native": {path: passing}}
    text = reports.markdown([results], date(2000, 1, 2))
    assert "| **all** | 2 | 1 / 1 | 1 / 2 |" in text
    shown = "js-api/table/grow-memory64.any.js: *Basic i64* – nulls is not defined (Node, Firefox window)"
    start = text.index(f"- {shown}")
    reason, also = text[start:].splitlines()[1:3]
    assert "can pass nowhere" in reason
    assert also == "  - the engine itself fails it too in Node"
    assert text.endswith("what fails in an engine alone\n\nNothing.\n")


def test_the_harness_of_another_checkout_can_be_taken(checkout: Path, tmp_path: Path) -> None:
    other = tmp_path / "proposal"
    for name in (
        "test/js-api/helper.js",
        "test/js-api/module/near.js",
        "test/js-api/module/all.any.js",
    ):
        path = other / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FILES[name], encoding="utf-8")
    results = tmp_path / "results.json"
    options = ("--namespace", "native", "--no-report", "--json", results, "--harness", checkout)
    run = _run(other, *options)
    assert run.returncode == 0, run.stderr
    (files,) = json.loads(results.read_text(encoding="utf-8")).values()
    subtests = files["test/js-api/module/all.any.js"]["subtests"]
    assert sum(status == "pass" for status, _ in subtests.values()) == 5


def test_a_checkout_without_tests_is_told(tmp_path: Path) -> None:
    run = _run(tmp_path, "--no-report")
    assert run.returncode == 1
    assert "holds no test files" in run.stderr


def test_sections_of_checkouts_that_did_not_run_stay() -> None:
    place = reports.Place("Node", "20", "main")
    first, second = reports.Results("spec", "1"), reports.Results("threads", "2", "memory")
    for results in (first, second):
        results.runs[place] = {"python": {"test/a.any.js": reports.FileResult({"a": ("pass", "")})}}
    both = reports.markdown([first, second], date(2000, 1, 2))
    first.commit = "3"
    text = reports.markdown([first], date(2000, 1, 3), both)
    assert text == both.replace("Commit 1;", "Commit 3;").replace("2000-01-02", "2000-01-03", 1)
    assert "Commit 2, files whose path matches `memory`; 1 files, 1 subtests." in text
    assert "Run on 2000-01-02 in Node 20." in text


def test_a_message_can_have_a_reason() -> None:
    path, message = "test/a.any.js", "ab.transfer is not a function"
    results = reports.Results("spec", "1")
    result = reports.FileResult({"a": ("fail", message)})
    results.runs[reports.Place("Node", "20", "main")] = {"python": {path: result}}
    text = reports.markdown([results], date(2000, 1, 2))
    assert f"- a.any.js: *a* – {message} (Node)\n  - the engine has no" in text
