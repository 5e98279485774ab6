"""``pyjsapi completion``, in the shells that are here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pyjsapi.cli.main import main

COMPLETE = """
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_pyjsapi
printf '%s\\n' "${COMPREPLY[@]}"
"""


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["pyjsapi", "wa"], ["wat2wasm", "wasm2wat", "wast"]),
        (["pyjsapi", "inspect", "--d"], ["--disassemble"]),
        (["pyjsapi", "compile", "--"], ["--help", "--output", "--stub", "--wheel", "--name", "--version", "--thin",
                                        "--dir", "--env", "--max-memory", "--fuel", "--max-host-calls",
                                        "--timeout", "--quiet"]),
        (["pyjsapi", "completion", "f"], ["fish", "file.wasm"]),
        (["pyjsapi", "run", "fil"], ["file.wasm"]),
        (["pyjsapi", "script.py", "fil"], ["file.wasm"]),
    ],
)  # fmt: skip
def test_bash_completes_commands_options_and_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], found: list[str]
) -> None:
    (tmp_path / "file.wasm").touch()
    done = subprocess.run(
        ["bash", "-c", script("bash", capsys) + COMPLETE, "bash", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.stdout.split(), done.stderr) == (found, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_command_is_in_each_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = script(shell, capsys)
    for word in ("run", "inspect", "disassemble", "completion", "wheel"):
        assert word in text
    if shutil.which(shell):
        done = subprocess.run([shell, "-n"], input=text, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_another_shell_is_refused() -> None:
    command = [sys.executable, "-m", "pyjsapi", "completion", "csh"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "invalid choice: 'csh'" in done.stderr
