"""Where an exception may be raised in another thread: not where it would do harm."""

from __future__ import annotations

import asyncio
import functools
import importlib.machinery
import logging
import os
import sys
import threading
import time
import types
import weakref
from collections.abc import Callable, Iterator
from operator import methodcaller
from pathlib import Path
from typing import Any

import pytest

import pyjsapi
from pyjsapi import SharedArrayBuffer, WebAssembly, wat2wasm
from pyjsapi.agents import interruption
from pyjsapi.agents.interruption import may_come, raise_in
from pyjsapi.blocks import waiting
from pyjsapi.compiler import cache
from pyjsapi.ecmascript import promises
from pyjsapi.runtime import depth

SOON = 60.0


class Ended(BaseException):
    """What is raised."""


def until(condition: Callable[[], Any]) -> None:
    while not condition():
        time.sleep(0)  # lets another thread run


class Standing:
    """A thread that stands still where it calls ``here``, until `go`."""

    def __init__(self, run: Callable[[Standing], Any]) -> None:
        arrived, self._go = threading.Lock(), threading.Lock()
        arrived.acquire()
        self._go.acquire()
        # One call of C: whoever sees that it has arrived finds the caller of this in its innermost frame.
        calls = map(methodcaller("__call__"), [arrived.release, self._go.acquire])
        self.here: Callable[[], object] = functools.partial(list, calls)
        self.raised: list[BaseException] = []
        self.thread = threading.Thread(target=self._run, args=(run,), daemon=True)
        self.thread.start()
        assert arrived.acquire(timeout=SOON), self.raised

    def _run(self, run: Callable[[Standing], Any]) -> None:
        try:
            run(self)
        except BaseException as error:
            self.raised.append(error)

    def frame(self) -> types.FrameType:
        return innermost(self.thread)

    def go(self) -> None:
        if self._go.locked():
            self._go.release()
        self.thread.join(SOON)


@pytest.fixture
def standing() -> Iterator[Callable[[Callable[[Standing], Any]], Standing]]:
    made: list[Standing] = []

    def make(run: Callable[[Standing], Any]) -> Standing:
        made.append(Standing(run))
        return made[-1]

    yield make
    for one in made:
        one.go()


def permitted(thread: Standing) -> tuple[bool, bool]:
    """Whether an exception may come, and whether it may if the thread is found nowhere else."""
    return may_come(thread.frame(), False), may_come(thread.frame(), True)


def in_file(s: Standing, file: str) -> None:
    """Stand still in a function of a file."""
    code = (lambda s: s.here()).__code__.replace(co_filename=file)
    types.FunctionType(code, {})(s)


LIBRARY = Path(threading.__file__).parent


# ---- where


def test_in_code_of_a_program_it_may_come(standing: Any) -> None:
    assert permitted(standing(lambda s: s.here())) == (True, True)


def test_in_a_program_that_the_library_calls_it_may_come_if_it_comes_at_once(
    standing: Any,
) -> None:
    """Later the library may have the turn, and hold a lock."""
    assert permitted(standing(lambda s: functools.reduce(lambda a, b: s.here(), [1, 2]))) == (
        True,
        True,
    )
    thread = standing(lambda s: logging.Handler.handle(Handling(s), logging.makeLogRecord({})))
    assert permitted(thread) == (sys.version_info < (3, 13), True)


class Handling(logging.Handler):
    def __init__(self, standing: Standing) -> None:
        super().__init__()
        self._standing = standing

    def emit(self, record: logging.LogRecord) -> None:
        self._standing.here()


def test_in_webassembly_it_may_come(standing: Any) -> None:
    text = '(import "env" "f" (func $f)) (func (export "g") (call $f))'

    def run(s: Standing) -> None:
        module = WebAssembly.Module(wat2wasm(text))
        WebAssembly.Instance(module, {"env": {"f": lambda: s.here()}}).exports.g()

    assert permitted(standing(run)) == (True, True)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (str(LIBRARY / "queue.py"), (False, True)),
        (str(LIBRARY / "logging" / "__init__.py"), (False, True)),
        (str(LIBRARY / "site-packages" / "queue.py"), (True, True)),
        (str(LIBRARY / "dist-packages" / "queue.py"), (True, True)),
        ("<frozen os>", (False, True)),
        ("<frozen importlib._bootstrap>", (False, False)),
        (interruption.__file__, (False, False)),
        (waiting.__file__, (False, False)),
        (promises.__file__, (False, False)),
        (depth.__file__, (False, False)),
        (cache.__file__, (False, True)),
        (pyjsapi.__file__, (True, True)),
    ],
)
def test_it_depends_on_the_file(standing: Any, file: str, expected: tuple[bool, bool]) -> None:
    assert permitted(standing(lambda s: in_file(s, file))) == expected


def test_between_taking_a_lock_of_the_library_and_its_release_it_must_not_come(
    standing: Any,
) -> None:
    def run(s: Standing) -> None:
        handler = logging.NullHandler()
        handler.lock = types.SimpleNamespace(acquire=s.here)  # type: ignore[assignment]
        handler.acquire()

    assert permitted(standing(run)) == (False, False)


def test_while_a_module_is_imported_it_should_not_come(
    standing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stands_still.py").write_text("import sys; sys.stand_here()")
    monkeypatch.syspath_prepend(tmp_path)

    def run(s: Standing) -> None:
        monkeypatch.setattr(sys, "stand_here", s.here, raising=False)
        importlib.import_module("stands_still")

    try:
        assert permitted(standing(run)) == (False, True)
    finally:
        sys.modules.pop("stands_still", None)


class Dropped:
    def __init__(self, s: Standing) -> None:
        self._standing = s

    def __del__(self) -> None:
        self._stand()

    def _stand(self) -> None:
        self._standing.here()


class Watched:
    pass


def test_in_finalisers_it_should_not_come(standing: Any) -> None:
    def by_assignment(s: Standing) -> None:
        thing: Any = Dropped(s)
        thing = None  # noqa: F841

    def by_return(s: Standing) -> None:
        thing = Dropped(s)  # noqa: F841

    def of_reference(s: Standing) -> None:
        thing: Any = Watched()
        reference = weakref.ref(thing, lambda _: s.here())  # noqa: F841
        thing = None

    def of_deleted(s: Standing) -> None:
        thing = Watched()
        weakref.finalize(thing, lambda: s.here())
        del thing

    for run in (by_assignment, by_return, of_reference, of_deleted):
        assert permitted(standing(run)) == (False, True), run


class Started(threading.Event):
    """Of a thread: whoever has started it stands still before he waits."""

    def __init__(self, s: Standing) -> None:
        super().__init__()
        self._standing = s

    def wait(self, timeout: float | None = None) -> bool:
        self._standing.here()
        return True


def start(s: Standing, started: threading.Event) -> None:
    other = threading.Thread(target=int)
    other._started = started  # type: ignore[attr-defined]
    other.start()


def test_while_a_thread_is_started_it_must_not_come(standing: Any) -> None:
    assert permitted(standing(lambda s: start(s, Started(s)))) == (False, False)


@pytest.mark.parametrize("runs", [False, True])
def test_it_may_come_as_soon_as_the_new_thread_runs(
    monkeypatch: pytest.MonkeyPatch, runs: bool
) -> None:
    """Then that has an identity of its own; from CPython 3.12 on it never has the other's."""
    other = threading.Thread(target=int)
    begin = threading.Event()

    def start() -> None:
        begin.wait()
        other.start()

    starter = threading.Thread(target=lambda: start(), daemon=True)
    starter.start()
    system = "_start_new_thread" if sys.version_info < (3, 13) else "_start_joinable_thread"
    monkeypatch.setattr(threading, system, lambda *_, **__: None)
    begin.set()
    started: Any = other._started  # type: ignore[attr-defined]
    wait = threading.Condition.wait.__code__
    assert starter.ident is not None
    until(lambda: started._cond._waiters and innermost(starter).f_code is wait)
    if runs:
        other._ident = 1  # type: ignore[attr-defined]
    permitted = may_come(innermost(starter), False), may_come(innermost(starter), True)
    assert permitted == ((True, True) if runs or sys.version_info >= (3, 12) else (False, False))
    started.set()
    starter.join(SOON)


def innermost(thread: threading.Thread) -> types.FrameType:
    return sys._current_frames()[thread.ident or 0]


def test_while_a_memory_grows_it_must_not_come(standing: Any) -> None:
    """Half of those who have it would know."""

    class Follower:
        def __init__(self, s: Standing) -> None:
            self._standing = s

        def block_changed(self, block: Any, length: int) -> None:
            self._standing.here()

    def run(s: Standing) -> None:
        memory = WebAssembly.Memory(initial=1, maximum=2, shared=True)
        buffer, follower = memory.buffer, Follower(s)
        assert isinstance(buffer, SharedArrayBuffer)
        block = buffer._block
        with block.lock:
            block.follow(follower)
        memory.grow(1)

    assert permitted(standing(run)) == (False, False)


@pytest.mark.parametrize("what", ["made", "closed"])
def test_while_an_event_loop_is_made_or_closed_it_must_not_come(
    standing: Any, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Half of one cannot be closed any more."""
    name = "_make_self_pipe" if what == "made" else "_close_self_pipe"
    original = getattr(asyncio.SelectorEventLoop, name)

    def run(s: Standing) -> None:
        def stand(loop: Any) -> None:
            s.here()
            original(loop)

        with monkeypatch.context() as patch:
            patch.setattr(asyncio.SelectorEventLoop, name, stand)
            asyncio.new_event_loop().close()

    thread = standing(run)
    assert permitted(thread) == (False, False)
    thread.go()
    assert thread.raised == []


# ---- how


def test_it_is_raised_only_where_it_was_found_to_do_no_harm(standing: Any) -> None:
    """A thread that has moved since is left alone."""
    thread = standing(lambda s: (s.here(), s.here()))
    frame, ident = thread.frame(), thread.thread.ident
    assert not interruption._raise_there(ident, frame, frame.f_lasti + 2, Ended)
    assert not interruption._raise_there(ident, sys._getframe(), sys._getframe().f_lasti, Ended)
    assert not interruption._raise_there(0, frame, frame.f_lasti, Ended)
    assert interruption._raise_there(ident, frame, frame.f_lasti, Ended)
    del frame
    thread.go()
    assert [type(error) for error in thread.raised] == [Ended]


def test_it_is_raised_where_the_thread_comes_back_from_c(standing: Any) -> None:
    thread = standing(lambda s: s.here())
    assert raise_in(thread.thread, Ended, False)
    assert thread.raised == []
    thread.go()
    assert [type(error) for error in thread.raised] == [Ended]
    assert not raise_in(thread.thread, Ended, True)
    assert not raise_in(threading.Thread(), Ended, True)


def test_it_can_be_taken_back() -> None:
    """By the thread itself, which has then nothing to fear any more."""
    import ctypes

    def run() -> list[str]:
        ident = ctypes.c_ulong(threading.get_ident())
        set_and_take_back = map(
            methodcaller("__call__"),
            [
                functools.partial(
                    ctypes.pythonapi.PyThreadState_SetAsyncExc, ident, ctypes.py_object(Ended)
                ),
                functools.partial(interruption._functions().clear, ident, None),
            ],
        )
        return list(map(str, set_and_take_back))

    assert run() == ["1", "1"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_none_may_come_while_a_module_is_read(tmp_path: Path) -> None:
    # Between opening the file and the `with` that closes it, an exception would leave it open.
    path = tmp_path / "m.py"
    os.mkfifo(path)
    loader = importlib.machinery.SourceFileLoader("m", str(path))
    read: list[bytes] = []
    thread = threading.Thread(target=lambda: read.append(loader.get_data(str(path))), daemon=True)
    thread.start()
    until(lambda: innermost(thread).f_code.co_name == "get_data")
    assert not may_come(innermost(thread), True)
    path.write_bytes(b"x = 1")
    thread.join(SOON)
    assert read == [b"x = 1"]
