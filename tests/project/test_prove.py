"""scripts/prove.py: modules wherever they are, a line for each, and the exit status."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from prove import Task, report
from wasm_files import Found, found_under

from pyjsapi.compiler.proof import Finding, Step
from pyjsapi.compiler.proving import ModuleReport
from pyjsapi.text import wat2wasm

ROOT = Path(__file__).resolve().parents[2]
LOOP = "(loop $l (br_if $l (local.get 0)))"


def module(number: int) -> bytes:
    """A module of its own."""
    return wat2wasm(f"(module (func (param i32) {LOOP} (drop (i32.const {number}))) (func))")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Modules in a file, twice, in two kinds of archives, and in JavaScript; and what is none."""
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "a.wasm").write_bytes(module(1))
    (inner / "again.wasm").write_bytes(module(1))
    (inner / "none.wasm").write_bytes(b"\0asm")
    with zipfile.ZipFile(tmp_path / "b.whl", "w") as archive:
        archive.writestr("deep/b.wasm", module(2))
        archive.writestr("deep/text.txt", "text")
    with tarfile.open(tmp_path / "c.tgz", "w:gz") as packed:
        entry = tarfile.TarInfo("package/c.wasm")
        entry.size = len(module(3))
        packed.addfile(entry, io.BytesIO(module(3)))
    (tmp_path / "broken.zip").write_bytes(b"no archive")
    padded = module(4) + bytes([0, 90, 1, 0x61]) + bytes(88)
    text = base64.b64encode(padded).decode().rstrip("=")
    (tmp_path / "d.js").write_text(f"const bytes = 'data:application/wasm;base64,{text}';")
    return tmp_path


def prove(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "scripts" / "prove.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_modules_are_found_once_wherever_they_are(folder: Path) -> None:
    names = [name for name, _, _ in found_under(folder)]
    assert names == ["./b.whl:deep/b.wasm", "./c.tgz:package/c.wasm", "./d.js#0", "inner/a.wasm"]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_is_found_is_proved(folder: Path, jobs: str) -> None:
    done = prove("--found", "--jobs", jobs, folder)
    assert done.returncode == 0, done.stderr
    *lines, total = done.stdout.splitlines()
    assert sorted(line.partition(": ")[0] for line in lines) == [
        "./b.whl:deep/b.wasm", "./c.tgz:package/c.wasm", "./d.js#0", "inner/a.wasm",
    ]  # fmt: skip
    assert jobs == "2" or lines[-1].startswith("./d.js#0"), "the largest comes last"
    assert total.startswith("4 modules: 0 of 8 functions flagged, 0 state machines")


def test_texts_scripts_and_state_machines(tmp_path: Path) -> None:
    text, script = tmp_path / "a.wat", tmp_path / "b.wast"
    text.write_text(f"(module (func (param i32) {LOOP}))")
    script.write_text(
        '(module (func nop))\n(assert_invalid (module (func (i32.const 1))) "")\n(module (func (i32.const 1)))\n'
    )
    done = prove("--machine", text, script)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("a.wat (machine): 0 of 1 functions flagged, 1 state machines")
    assert lines[1].startswith("b.wast:1 (machine): 0 of 1 functions flagged")
    assert lines[2].startswith("b.wast:3 (machine): not compiled: type mismatch")


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = prove(tmp_path / "none.wasm")
    assert "No such file" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("0 modules")


def test_a_run_goes_on_where_its_log_ends(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    (folder / "package.json").write_text('{"name": "things", "version": "1.2"}')
    first = prove("--found", "--loops", "1", "--log", log, folder / "inner")
    assert first.stdout.splitlines()[-1].startswith("1 modules: 0 of 2 functions")
    second = prove("--found", "--every-way", "--log", log, folder, folder / "inner")
    assert [
        line for line in second.stdout.splitlines() if "a.wasm" in line and "loops 1" in line
    ] == []
    assert "4 modules: 0 of 30 functions flagged, 8 state machines" in second.stdout
    assert prove("--found", "--loops=1", "--log", log, folder).stdout.startswith("0 modules")
    table = prove("--table", "--log", log).stdout.splitlines()
    assert table[2].startswith("| things 1.2 | 4 | 0 | 8 |")
    assert table[3].startswith("| all | 4 |")


def test_large_modules_are_left_out_and_time_is_bounded(folder: Path) -> None:
    large = prove("--found", "--largest", "0.0001", folder).stdout
    assert "./d.js#0" in large
    assert "bytes, left out" in large
    late = prove("--found", "--minutes", "-1", folder).stdout.splitlines()
    assert "the time is up" in late[0]
    assert late[1].startswith("0 modules")


def test_findings_are_shown_and_make_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    finding = Finding(6, "#6 br_if 0", "the flag is lost", 9, (Step(2, "taken"),))
    found = ModuleReport(functions=1, instructions=10, findings=[(3, finding)])
    a, b = (Found.of(name, Path(name), b"") for name in ("a.wasm", "b.wasm"))
    ways = ("structured",)
    results: list[tuple[Task, list[ModuleReport | str]]] = [
        (Task(a, ways), [found]),
        (Task(b, ways), ["not compiled: no"]),
    ]
    assert report(results, show=True) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("a.wasm: 1 of 1 functions flagged")
    assert lines[1:4] == [
        "  function 3 at #6 br_if 0: the flag is lost (line 9)",
        "    after #2 taken",
        "b.wasm: not compiled: no",
    ]
