"""Recorders and players: what passes between a module and its host is recorded, and what differs is found."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import wat2wasm
from pyjsapi.compiler.options import Options
from real.recording.player import Player
from real.recording.process import play
from real.recording.recordings import RECORD
from real.recording.values import Divergence

HERE = Path(__file__).parent / "recorded"
OTHER = '(module (func (export "seven") (result i32) (i32.const 7)))'


def record(program: Path, out: Path) -> dict[str, Any]:
    command = ["node", str(RECORD), str(program), "short", "--record", str(out), "--every"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with a recording of everything that can pass."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "everything.wasm").write_bytes(wat2wasm((HERE / "everything.wat").read_text()))
    (folder / "other.wasm").write_bytes(wat2wasm(OTHER))
    shutil.copy(HERE / "everything.mjs", folder)
    record(folder / "everything.mjs", folder / "recording")
    return folder / "recording"


@pytest.fixture(scope="module")
def events(recorded: Path) -> list[list[Any]]:
    with gzip.open(recorded / "events.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


@pytest.mark.parametrize("options", [Options(), Options(state_machine=True)])
def test_a_recording_is_played(recorded: Path, events: list[list[Any]], options: Options) -> None:
    played = Player(recorded, options).play()
    kinds = [event[0] for event in events]
    assert played.crossings == sum(kinds.count(kind) for kind in ("call", "import", "instance"))
    assert played.digests == kinds.count("digest") > 40
    assert played.functions[1] == 15


def test_recording_again_gives_the_same(recorded: Path, tmp_path: Path) -> None:
    answer = record(recorded.parent / "everything.mjs", tmp_path)
    for name in ("events.gz", *(f"{digest}.wasm" for digest in answer["modules"])):
        assert (tmp_path / name).read_bytes() == (recorded / name).read_bytes()


def test_an_import_that_writes_though_it_is_called_quiet_is_found(
    recorded: Path, tmp_path: Path
) -> None:
    text = (recorded.parent / "everything.mjs").read_text()
    (tmp_path / "everything.mjs").write_text(text.replace("^again$", "^write$"))
    for name in ("everything.wasm", "other.wasm"):
        shutil.copy(recorded.parent / name, tmp_path)
    record(tmp_path / "everything.mjs", tmp_path / "recording")
    with pytest.raises(Divergence):
        Player(tmp_path / "recording").play()


def other_value(value: Any) -> Any:
    """A value of the same kind that is another one; ``None`` where there is none."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1 if abs(value) < 2**31 else -value
    if isinstance(value, str):
        return value + "!"
    if not isinstance(value, dict):
        return 5
    if "a" in value:
        return {**value, "a": [other_value(value["a"][0]), *value["a"][1:]]}
    if "i" in value:
        return {"i": str(int(value["i"]) ^ 1)}
    if "f" in value:
        return {"f": "Infinity" if value["f"] != "Infinity" else "-Infinity"}
    return {"o": 0} if "o" in value else {"i": "7"}


CHANGES: dict[str, Callable[[list[Any]], list[Any]]] = {
    "return": lambda event: ["return", other_value(event[1])],
    "import": lambda event: ["import", event[1] + 1, event[2]],
    "throw": lambda event: ["throw", {"o": 0}, *event[2:]],
    "digest": lambda event: [*event[:3], "0" * 16],
    "get": lambda event: [*event[:2], other_value(event[2])],
    "Memory.grow": lambda event: [*event[:3], event[3] + 1],
    "Table.get": lambda event: [*event[:3], {"o": 0}],
    "Table.grow": lambda event: [*event[:3], event[3] + 1],
    "Exception.getArg": lambda event: [*event[:3], event[3] + 1],
}


def play_changed(folder: Path, recorded: Path, events: list[list[Any]]) -> None:
    for path in recorded.glob("*.wasm"):
        shutil.copy(path, folder)
    text = "\n".join(json.dumps(event) for event in events)
    (folder / "events.gz").write_bytes(gzip.compress(text.encode()))
    Player(folder).play()


@pytest.mark.parametrize("kind", CHANGES)
def test_whatever_differs_is_found(
    recorded: Path, events: list[list[Any]], tmp_path: Path, kind: str
) -> None:
    # What an instance returns is a list: its exports.
    places = [
        place
        for place, event in enumerate(events)
        if event[0] == kind and not isinstance(event[1], list)
    ]
    assert places
    for place in places:
        event = events[place]
        changed = [*events[:place], CHANGES[kind](event), *events[place + 1 :]]
        with pytest.raises(Divergence, match=f"event {place + 1}: "):
            play_changed(tmp_path, recorded, changed)


def test_each_argument_of_an_import_is_compared(
    recorded: Path, events: list[list[Any]], tmp_path: Path
) -> None:
    compared = 0
    for place, event in enumerate(events):
        if event[0] == "import":
            for position, value in enumerate(event[2]):
                args = [*event[2][:position], other_value(value), *event[2][position + 1 :]]
                changed = [*events[:place], [*event[:2], args], *events[place + 1 :]]
                with pytest.raises(Divergence, match=f"event {place + 1}: argument {position}"):
                    play_changed(tmp_path, recorded, changed)
                compared += 1
    assert compared


@pytest.mark.parametrize("kind", ["import", "return", "throw", "result", "raise"])
def test_crossings_are_neither_missing_nor_too_many(
    recorded: Path, events: list[list[Any]], tmp_path: Path, kind: str
) -> None:
    place = [event[0] for event in events].index(kind)
    with pytest.raises(Divergence):
        play_changed(tmp_path, recorded, [*events[:place], *events[place + 1 :]])
    with pytest.raises(Divergence):
        play_changed(tmp_path, recorded, [*events[:place], events[place], *events[place:]])


def test_the_class_and_the_message_of_a_trap_are_compared(
    recorded: Path, events: list[list[Any]], tmp_path: Path
) -> None:
    traps = [place for place, event in enumerate(events) if event[2:3] == ["RuntimeError"]]
    assert len(traps) >= 6
    for place in traps:
        wrong = "unreachable" if events[place][3] != "unreachable" else "divide by zero"
        changed = [*events[:place], [*events[place][:3], wrong], *events[place + 1 :]]
        with pytest.raises(Divergence, match=f"event {place + 1}: .* in Node a trap: {wrong}"):
            play_changed(tmp_path, recorded, changed)


def test_what_the_host_writes_is_written(
    recorded: Path, events: list[list[Any]], tmp_path: Path
) -> None:
    changed = [event for event in events if event[0] != "write"]
    with pytest.raises(Divergence):
        play_changed(tmp_path, recorded, changed)


def test_wasm_code_cannot_catch_that_it_differs() -> None:
    assert not issubclass(Divergence, Exception)


def test_a_process_that_plays_tells_what_differs_and_keeps_its_deadline(
    recorded: Path, events: list[list[Any]], tmp_path: Path
) -> None:
    good = play(recorded, ["state_machine=1"])
    assert (good.failure, good.crossings > 50, good.functions) == ("", True, 15)
    for path in recorded.glob("*.wasm"):
        shutil.copy(path, tmp_path)
    text = "\n".join(json.dumps(event) for event in events[:20])
    (tmp_path / "events.gz").write_bytes(gzip.compress(text.encode()))
    assert "the recording ends here" in play(tmp_path).failure
    # a process that ends before it has said anything
    killed = play(tmp_path, ["no_such_option=1"])
    assert killed.failure.startswith("the process ended with 1\n")
    # a recording that never ends
    (tmp_path / "events.gz").unlink()
    os.mkfifo(tmp_path / "events.gz")
    late = play(tmp_path, deadline=1)
    assert late.failure.startswith("not done after 1 s")
