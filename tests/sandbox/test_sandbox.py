"""Sessions, on an interpreter of our own: limits, functions, what ends a session, snapshots."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.sandbox import (
    GuestError,
    GuestNotInstalled,
    OutputLimitExceeded,
    Sandbox,
    SandboxError,
)
from pyjsapi.sandbox import guests as installed
from pyjsapi.snapshots import Snapshot
from tests.sandbox.guests import (
    CALL,
    COUNT,
    ECHO,
    FAIL,
    FLOOD,
    GROW,
    LOOP,
    MODULE,
    OUTSIDE,
    READ,
    TRAP,
    sandbox,
)


def test_i15_3_a_session_keeps_its_state() -> None:
    session = sandbox()
    assert [session.run(COUNT).stdout for _ in range(3)] == ["1", "2", "3"]
    assert session.run(f"{ECHO} é").stdout == f"{ECHO} é"
    assert session.run("nothing").stdout == ""


def test_i15_3_an_exception_of_the_guest_leaves_the_session_as_it_is() -> None:
    session = sandbox()
    with pytest.raises(GuestError, match="!boom"):
        session.run(f"{FAIL}boom")
    assert session.stderr == "!boom"
    assert session.run(COUNT).stdout == "1"


@pytest.mark.parametrize("make", [Sandbox.python, Sandbox.javascript])
def test_i15_3_both_languages_have_one_interface(make: Callable[..., Sandbox]) -> None:
    session = make(module=MODULE)
    assert session.run(COUNT).stdout == "1"
    with pytest.raises(GuestError, match="!why"):
        session.run("!why")


def test_i15_3_fuel_is_for_each_run_and_the_same_each_time() -> None:
    used = set()
    for _ in range(2):
        session = sandbox(fuel=1000)
        used |= {session.run(COUNT).fuel_used for _ in range(30)}
    assert len(used) == 1 and used < set(range(10, 100))
    assert sandbox().run(COUNT).fuel_used is None


def test_i15_3_the_start_of_the_interpreter_is_not_counted() -> None:
    sandbox(deadline=1e-9, fuel=0).reset()


@pytest.mark.parametrize(
    ("code", "options", "error"),
    [
        (LOOP, {"fuel": 1000}, WebAssembly.OutOfFuel),
        (LOOP, {"deadline": 0.05}, WebAssembly.DeadlineExceeded),
        (TRAP, {}, WebAssembly.RuntimeError),
        (OUTSIDE, {}, WebAssembly.RuntimeError),
        (FLOOD, {}, OutputLimitExceeded),
    ],
)
def test_i15_3_what_is_ended_from_outside_ends_the_session(
    code: str, options: dict[str, Any], error: type[Exception]
) -> None:
    session = sandbox(**options)
    session.run(COUNT)
    taken = session.snapshot()
    with pytest.raises(error):
        session.run(code)
    for use in (lambda: session.run(COUNT), session.snapshot, lambda: session.evaluate("1")):
        with pytest.raises(SandboxError, match=f"the session ended by {error.__name__}; restore"):
            use()
    session.restore(taken)
    assert session.run(COUNT).stdout == "2"
    session.reset()
    assert session.run(COUNT).stdout == "1"


def test_i15_3_memory_and_output_are_bounded() -> None:
    assert sandbox().run(GROW).stdout == "0"
    assert sandbox(max_memory_bytes=80 << 20).run(GROW).stdout == "1"
    assert sandbox(max_memory_bytes=1 << 17).memory_bytes == 1 << 17
    session = sandbox(max_output_bytes=3)
    assert session.run("=ab").stdout == "=ab"
    with pytest.raises(OutputLimitExceeded, match="the code wrote more than 3 bytes"):
        session.run("=abc")


def test_i15_3_functions_of_the_host_by_name() -> None:
    session = sandbox(functions={"lookup": lambda x: {"x": [x, None, "é"]}})
    assert session.run(CALL).stdout == '{"x": [1, null, "é"]}'


def test_i15_3_functions_of_the_host_are_called_so_often() -> None:
    session = sandbox(functions={"lookup": abs}, max_host_calls=1)
    for _ in range(2):
        assert session.run(CALL).stdout == "1"
    session = sandbox(functions={"lookup": abs}, max_host_calls=0)
    assert session.run(COUNT).stdout == "1"
    with pytest.raises(WebAssembly.OutOfHostCalls, match="out of host calls"):
        session.run(CALL)
    with pytest.raises(SandboxError, match="the session ended by OutOfHostCalls"):
        session.run(COUNT)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda x: 1 // 0, "ZeroDivisionError: .*division"),
        (lambda x: {1, 2}, "TypeError: Object of type set is not JSON serializable"),
        (lambda x: float("nan"), "ValueError: Out of range float values are not JSON compliant"),
        (lambda: 1, "TypeError: .* takes 0 positional arguments but 1 was given"),
    ],
)
def test_i15_3_what_goes_wrong_in_them_is_the_guests(
    function: Callable[..., Any], told: str
) -> None:
    session = sandbox(functions={"lookup": function})
    with pytest.raises(GuestError, match=told):
        session.run(CALL)
    assert session.run(COUNT).stdout == "1"


def test_i15_3_other_functions_than_those_are_not_there() -> None:
    with pytest.raises(GuestError, match="NameError: the host has no function 'lookup'"):
        sandbox().run(CALL)


def test_i15_3_a_function_cannot_use_its_own_sandbox() -> None:
    def lookup(x: int) -> str:
        return session.run(COUNT).stdout

    session = sandbox(functions={"lookup": lookup})
    with pytest.raises(GuestError, match="SandboxError: the sandbox is running"):
        session.run(CALL)


@pytest.mark.parametrize("name", ["a b", "", "class", "__value__", "é", "a.b"])
def test_i15_3_names_that_code_could_not_call(name: str) -> None:
    with pytest.raises(ValueError, match="functions: "):
        sandbox(functions={name: abs})


def test_i15_3_what_is_no_function() -> None:
    with pytest.raises(TypeError, match="functions: 'f' is no function but int"):
        sandbox(functions={"f": 1})


def test_i15_3_input_by_lines() -> None:
    session = sandbox()
    assert session.run(READ, stdin="one\ntwo").stdout == '"one"'
    assert session.run(READ, stdin="three").stdout == '"three"'
    with pytest.raises(GuestError, match="EOFError"):
        session.run(READ)


def test_i15_3_a_snapshot_begins_other_sessions_with_other_functions(tmp_path: Path) -> None:
    session = sandbox(functions={"lookup": lambda x: x})
    session.run(COUNT)
    session.snapshot().save(tmp_path / "warm.snap")
    taken = Snapshot.load(tmp_path / "warm.snap")
    other = Sandbox.python(snapshot=taken, functions={"lookup": lambda x: -x}, fuel=10_000)
    assert other.run(COUNT).stdout == "2"
    assert other.run(CALL).stdout == "-1"
    assert session.run(COUNT).stdout == "2"


def test_i15_3_a_sandbox_that_was_closed() -> None:
    with sandbox() as session:
        session.run(COUNT)
    with pytest.raises(SandboxError, match="the sandbox was closed"):
        session.run(COUNT)


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_i15_3_no_interpreter_is_installed(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = {
        name: guest._replace(package="no_such_package") for name, guest in installed.GUESTS.items()
    }
    monkeypatch.setattr(installed, "GUESTS", missing)
    with pytest.raises(
        GuestNotInstalled, match=r"no (MicroPython|QuickJS) is installed: `pip install"
    ):
        getattr(Sandbox, language)()


def test_i15_3_a_module_of_another_interface_is_refused() -> None:
    with pytest.raises(SandboxError, match="no such interpreter: it does not export memory, __ind"):
        Sandbox.python(module=wat2wasm("(module)"))


HOSTILE = """(module
  (import "env" "host_write" (func $write (param i32 i32 i32)))
  (import "env" "host_call" (func $call (param i32 i32 i32 i32) (result i32)))
  (import "env" "host_take" (func $take (param i32 i32)))
  (memory (export "memory") 1) (data (i32.const 0) "\\ff[[[[[")
  (func (export "_initialize"))
  (func (export "malloc") (param i32) (result i32) {malloc}) (func (export "free") (param i32))
  (func (export "qjs_init") (param i32 i32) (result i32) (i32.const {started}))
  (func $run (export "qjs_eval") (param $at i32) (param $length i32) (result i32)
    (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x21)) (then (return (i32.const 0))))
    {body} (i32.const 0))
  {start})"""


def hostile(
    body: str = "", malloc: str = "(i32.const 64)", start: str = "", started: int = 0
) -> Sandbox:
    text = HOSTILE.format(body=body, malloc=malloc, start=start, started=started)
    return Sandbox.javascript(module=wat2wasm(text))


@pytest.mark.parametrize(
    "body",
    [
        "(call $write (i32.const 1) (i32.const 65530) (i32.const 100))",
        "(drop (call $call (i32.const -1) (i32.const 4) (i32.const 0) (i32.const 2)))",
        "(drop (call $call (i32.const 0) (i32.const 4) (i32.const 0) (i32.const -1)))",
        "(drop (call $call (i32.const 0) (i32.const 1) (i32.const 1) (i32.const 5)))"
        "(call $take (i32.const 65535) (i32.const -1))",
    ],
)
def test_i15_3_pointers_beyond_the_memory_are_traps(body: str) -> None:
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds memory access"):
        hostile(body).run("!")


def test_i15_3_names_and_arguments_that_are_none() -> None:
    session = hostile(
        "(drop (call $call (i32.const 0) (i32.const 1) (i32.const 1) (i32.const 5)))"
        "(call $take (i32.const 128) (i32.const 27))(call $write (i32.const 1) (i32.const 128) (i32.const 27))"
    )
    assert session.run("!").stdout == "NameError: the host has no "


def test_i15_3_a_stream_that_is_none_has_an_end_too() -> None:
    body = "(loop (call $write (i32.const -7) (i32.const 0) (i32.const 60000)) (br 0))"
    with pytest.raises(OutputLimitExceeded):
        hostile(body).run("!")


def test_i15_3_room_for_the_code_that_there_is_not() -> None:
    with pytest.raises(GuestError, match="no room for the code"):
        hostile(malloc="(i32.const 0)")
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds memory access"):
        hostile(malloc="(i32.const -8)")


def test_i15_3_a_host_that_is_called_too_early() -> None:
    early = "(func $early (call $write (i32.const 1) (i32.const 0) (i32.const 1))) (start $early)"
    with pytest.raises(WebAssembly.RuntimeError, match="called too early"):
        hostile(start=early)


def test_i15_3_an_interpreter_that_does_not_start() -> None:
    with pytest.raises(SandboxError, match="the interpreter did not start"):
        hostile(started=1)


@pytest.mark.parametrize("make", [Sandbox.python, Sandbox.javascript])
def test_i15_3_a_misspelt_limit_is_none_and_is_refused(make: Callable[..., Sandbox]) -> None:
    with pytest.raises(TypeError, match="has no keyword 'fule'; did you mean 'fuel'"):
        make(fule=5, module=MODULE)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"fuel": -3}, ValueError),
        ({"fuel": "3"}, TypeError),
        ({"max_host_calls": -1}, ValueError),
        ({"max_output_bytes": None}, TypeError),
        ({"snapshot": b"abc"}, TypeError),
    ],
)
def test_i15_3_limits_and_snapshots_that_are_none(
    options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error, match=f"{next(iter(options))} must"):
        sandbox(**options)


def test_i15_3_what_is_no_text_leaves_the_session_as_it_is() -> None:
    session = sandbox()
    not_text: Any = 3
    for code, stdin in ((not_text, ""), (COUNT, not_text)):
        with pytest.raises(TypeError, match="must be a str, not int"):
            session.run(code, stdin=stdin)
    for code, stdin in (("\ud800", ""), (COUNT, "\ud800")):
        with pytest.raises(ValueError, match="half of a surrogate pair at 0"):
            session.run(code, stdin=stdin)
    with pytest.raises(TypeError, match="the expression must be a str"):
        session.evaluate(not_text)
    with pytest.raises(TypeError, match="must be a Snapshot, not int"):
        session.restore(not_text)
    assert session.run(COUNT).stdout == "1"
