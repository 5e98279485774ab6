"""Sessions and programs in coroutines, threads and processes; and runs that are the same in all of them."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.sandbox import GuestError, Program, Result, Sandbox, SandboxError
from pyjsapi.snapshots import Snapshot
from tests.sandbox.guests import CALL, COUNT, LOOP, sandbox
from tests.sandbox.test_program import CHANCE, COPY
from tests.sandbox.test_program import LOOP as ENDLESS
from tests.wasi.test_threads import HEAD, ended

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="there are no threads")
ROOT = Path(__file__).resolve().parents[2]


def count_in_other_process(taken: Snapshot) -> str:
    return Sandbox.python(snapshot=taken).run(COUNT).stdout


def test_i15_3_a_session_goes_on_in_another_process() -> None:
    session = sandbox()
    session.run(COUNT)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(count_in_other_process, (session.snapshot(),)) == "2"
    assert pickle.loads(pickle.dumps(session.run(COUNT))).stdout == "2"


def test_i15_3_runs_can_be_awaited() -> None:
    async def both() -> list[str]:
        sessions = [sandbox(), sandbox()]
        done = await asyncio.gather(*(each.run_async(COUNT) for each in sessions))
        return [each.stdout for each in done]

    assert asyncio.run(both()) == ["1", "1"]


def test_i15_3_cancelling_what_is_awaited_ends_it() -> None:
    session = sandbox(deadline=600)

    async def cancelled() -> None:
        first, second = (asyncio.create_task(session.run_async(LOOP)) for _ in range(2))
        while not session._is_running:
            await asyncio.sleep(0)
        second.cancel()
        first.cancel()
        ended = await asyncio.gather(first, second, return_exceptions=True)
        assert [type(each) for each in ended] == [asyncio.CancelledError] * 2

    asyncio.run(cancelled())
    with pytest.raises(SandboxError, match="the session ended by Interrupted"):
        session.run(COUNT)


def test_i15_3_threads_take_turns() -> None:
    session = sandbox()
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(session.run(COUNT).stdout)) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["1", "2", "3", "4", "5"]


def test_i15_3_many_sessions_at_once() -> None:
    async def all_of() -> list[str]:
        sessions = [sandbox(functions={"lookup": lambda x, n=n: n + x}) for n in range(8)]
        for _ in range(3):
            await asyncio.gather(*(each.run_async(COUNT) for each in sessions))
        done = await asyncio.gather(*(each.run_async(CALL) for each in sessions))
        return [each.stdout for each in done]

    assert asyncio.run(all_of()) == [str(n + 1) for n in range(8)]


def test_i15_3_runs_of_one_session_follow_each_other() -> None:
    session = sandbox()

    async def all_of() -> list[str]:
        done = await asyncio.gather(*(session.run_async(COUNT) for _ in range(5)))
        return sorted(each.stdout for each in done)

    assert asyncio.run(all_of()) == ["1", "2", "3", "4", "5"]


def test_i15_3_a_time_out_of_asyncio_ends_the_code() -> None:
    """The loop goes on meanwhile; the thread is free again, and so is a restored session."""
    session = sandbox(deadline=600)
    taken = session.snapshot()
    endless = Sandbox.program(ENDLESS, deadline=600)

    async def timed() -> None:
        for run in (session.run_async, endless.run_async):
            given = (LOOP,) if run == session.run_async else ()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(run(*given), 0.05)
        session.restore(taken)
        assert (await session.run_async(COUNT)).stdout == "1"

    asyncio.run(timed())


def test_i15_3_an_exception_comes_to_who_awaits() -> None:
    session = sandbox(fuel=1000)

    async def failing() -> None:
        with pytest.raises(GuestError, match="!no"):
            await session.run_async("!no")
        with pytest.raises(WebAssembly.OutOfFuel):
            await session.run_async(LOOP)

    asyncio.run(failing())


def test_i15_3_sessions_of_threads_do_not_disturb_each_other() -> None:
    found: dict[int, str] = {}

    def work(number: int) -> None:
        with sandbox(files={"a": str(number)}, max_output_bytes=10 + number) as session:
            for _ in range(number):
                session.run(COUNT)
            found[number] = session.run(COUNT).stdout + session.files["a"].decode()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: f"{n + 1}{n}" for n in range(6)}


def test_i15_3_one_thread_interrupts_what_another_runs() -> None:
    session = sandbox(deadline=600)
    ended: list[type[BaseException]] = []

    def work() -> None:
        try:
            session.run(LOOP)
        except BaseException as error:
            ended.append(type(error))

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        session.interrupt()
    thread.join()
    assert ended == [WebAssembly.Interrupted]


def test_i15_3_a_session_stays_in_its_process() -> None:
    with pytest.raises(TypeError, match=r"a Sandbox stays in its process: send its snapshot\(\)"):
        pickle.dumps(sandbox())


def program_in_other_process(program: Program) -> Result:
    return program.run("x", stdin="in")


def test_i15_3_a_program_can_be_sent_to_other_processes() -> None:
    program = Sandbox.program(COPY, files={"a": b"1"}, fuel=1000)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        done = pool.map(program_in_other_process, [program] * 3)
    assert done == [program.run("x", stdin="in")] * 3
    assert done[0].files == {"a": b"1"}


FORK = """
import os, sys
from tests.sandbox.guests import COUNT, sandbox
session = sandbox(files={"a": "1"})
session.run(COUNT)
child = os.fork()
assert session.run(COUNT).stdout == "2"
if not child:
    session.close()
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
assert session.files == {"a": b"1"}
print(session._files.folder.path)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no forks")
def test_i15_3_a_fork_has_a_session_of_its_own_and_leaves_the_files() -> None:
    command = [sys.executable, "-W", "ignore", "-c", FORK]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    assert not os.path.exists(done.stdout.strip())


# ---- programs


def test_i15_3_each_run_begins_anew_and_can_be_awaited() -> None:
    copy = Sandbox.program(COPY)

    async def both() -> list[str]:
        done = await asyncio.gather(*(copy.run_async(stdin=each) for each in "ab"))
        return [each.stdout for each in done]

    assert asyncio.run(both()) == ["a", "b"]


@pytest.mark.parametrize("stuck", ["block", "busy", "sleep"])
def test_i15_1_threads_of_a_program_end_with_it(stuck: str) -> None:
    text = f"""(module {HEAD}
      (func (export "wasi_thread_start") (param i32 i32) (call $told) (call ${stuck}))
      (func (export "_start")
        (drop (call $spawn (i32.const 0))) (call $await_other) (call ${stuck})))"""
    with pytest.raises(WebAssembly.DeadlineExceeded):
        Sandbox.program(wat2wasm(text), deadline=0.2).run()
    assert ended()
    endless = Sandbox.program(wat2wasm(text))  # threads can be interrupted without a deadline

    async def cancelled() -> None:
        running = asyncio.create_task(endless.run_async())
        while not any(each.name.startswith("WASI") for each in threading.enumerate()):
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancelled())
    assert ended()


def test_i15_3_cancelling_a_program_ends_it() -> None:
    endless = Sandbox.program(ENDLESS, deadline=600)

    async def cancelled() -> None:
        running = asyncio.create_task(endless.run_async())
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancelled())  # which waits for the thread


# ---- the same in every process, and on every Python

SAME = "\0\0CR\ufffdL#\r\0\0\ufffd\ufffd\ufffd\x03\x04\x1b8\ufffd\ufffdR"
EACH = """
from pyjsapi.sandbox import Sandbox
from tests.sandbox.guests import CALL, COUNT, sandbox
from tests.sandbox.test_concurrency import everything
print(everything())
"""


def everything() -> str:
    """What runs with a seed give, as one text."""
    chance = Sandbox.program(CHANCE, seed=7, fuel=10_000, files={"b": "", "a": ""}).run()
    session = sandbox(seed=7, fuel=10_000, functions={"lookup": lambda x: {"b": x, "a": "é"}})
    runs = [session.run(code) for code in (COUNT, CALL, COUNT)]
    return repr((chance, runs))


def test_i15_3_runs_with_a_seed_are_the_same_in_every_process() -> None:
    here = everything()
    for hashes in ("0", "1", "12345"):
        environment = {**os.environ, "PYTHONHASHSEED": hashes, "TZ": "Asia/Tokyo", "LC_ALL": "C"}
        found = subprocess.run(
            [sys.executable, "-c", EACH],
            check=True,
            capture_output=True,
            encoding="utf-8",
            cwd=ROOT,
            env={**environment, "PYTHONIOENCODING": "utf-8"},
        )
        assert found.stdout.strip() == here


def test_i15_3_runs_with_a_seed_are_the_same_on_every_python() -> None:
    """The numbers are written down here: 2000-01-01 and 10^18 ns later, then what the seed gives."""
    done = Sandbox.program(CHANCE, seed=7, fuel=10_000).run()
    assert (done.stdout, done.fuel_used) == (SAME, 38)
