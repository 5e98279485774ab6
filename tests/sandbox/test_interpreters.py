"""Python and JavaScript, on the interpreters that the package pwasm carries."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import WebAssembly
from pyjsapi.sandbox import GuestError, Sandbox
from pyjsapi.snapshots import Snapshot

pytestmark = pytest.mark.skipif(find_spec("pwasm") is None, reason="pwasm is missing")
FUEL = 20_000_000


def lookup(key: str, default: Any = None) -> Any:
    return {"a": [1, {"b": None}], "text": "é"}.get(key, default)


@pytest.fixture(scope="module")
def python_start() -> Snapshot:
    """MicroPython, started."""
    return Sandbox.python().snapshot()


@pytest.fixture(scope="module")
def javascript_start() -> Snapshot:
    """QuickJS, started."""
    return Sandbox.javascript(seed=1).snapshot()


@pytest.fixture
def python(python_start: Snapshot) -> Iterator[Sandbox]:
    with Sandbox.python(snapshot=python_start, fuel=FUEL, functions={"lookup": lookup}) as session:
        yield session


@pytest.fixture
def javascript(javascript_start: Snapshot) -> Iterator[Sandbox]:
    with Sandbox.javascript(
        snapshot=javascript_start, fuel=FUEL, functions={"lookup": lookup}, seed=1
    ) as session:
        yield session


def test_i15_3_python_in_a_session(python: Sandbox) -> None:
    assert python.run("def f(n):\n    return n * 2\nprint(f(21))").stdout == "42\n"
    assert python.run("print(f('é'))").stdout == "éé\n"
    assert python.evaluate("[f(1), {'a': None}, 'x', 1.5]") == [2, {"a": None}, "x", 1.5]
    assert python.evaluate("lookup('a')") == [1, {"b": None}]
    assert python.evaluate("lookup('z', 'text')") == "text"
    assert python.run("name = input('? ')\nprint(name)", stdin="you\n").stdout == "? you\n"


def test_i15_3_javascript_in_a_session(javascript: Sandbox) -> None:
    assert javascript.run("const f = n => n * 2; print(f(21))").stdout == "42\n"
    assert javascript.run("f(4)").value == 8
    assert javascript.run("undefined").value is None
    assert javascript.run("'undefined'").value == "undefined"
    assert javascript.evaluate("{a: [f(1), null, 'é']}") == {"a": [2, None, "é"]}
    assert javascript.evaluate("lookup('a')") == [1, {"b": None}]
    assert javascript.run("readline()", stdin="you\n").value == "you"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("1 / 0", "ZeroDivisionError: divide by zero"),
        ("f(", "SyntaxError"),
        ("lookup()", "TypeError: lookup"),
        ("def f():\n    return f()\nf()", "RuntimeError: maximum recursion depth exceeded"),
        ("import os\nos.system('ls')", "ImportError|AttributeError"),
        ("open('/etc/passwd')", "NameError|OSError"),
    ],
)
def test_i15_3_exceptions_of_python(python: Sandbox, code: str, told: str) -> None:
    with pytest.raises(GuestError, match=told):
        python.run(code)
    assert python.run("print(1)").stdout == "1\n"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("throw new TypeError('x')", "TypeError: x"),
        ("f(", "SyntaxError"),
        ("lookup()", "TypeError: lookup"),
        ("function f() { return f() + 1 } f()", "call stack size exceeded|stack overflow"),
        ("require('fs')", "ReferenceError"),
    ],
)
def test_i15_3_exceptions_of_javascript(javascript: Sandbox, code: str, told: str) -> None:
    with pytest.raises(GuestError, match=told):
        javascript.run(code)
    assert javascript.run("print(1)").stdout == "1\n"


def test_i15_3_code_that_does_not_end(python: Sandbox, javascript: Sandbox) -> None:
    taken = python.snapshot()
    with pytest.raises(WebAssembly.OutOfFuel):
        python.run("x = 0\nwhile True:\n    try:\n        x += 1\n    except: pass")
    python.restore(taken)
    assert python.run("print(1)").stdout == "1\n"
    with pytest.raises(WebAssembly.OutOfFuel):
        javascript.run("for (;;) { try { throw 1 } catch {} finally {} }")


def test_i15_3_memory_ends(python_start: Snapshot) -> None:
    with Sandbox.python(snapshot=python_start, max_memory_bytes=2 << 20) as session:
        with pytest.raises(GuestError, match="MemoryError"):
            session.run("x = []\nwhile True:\n    x.append(bytearray(10000))")
        assert session.memory_bytes <= 2 << 20


def test_i15_3_a_warm_session_goes_on(python: Sandbox, tmp_path: Path) -> None:
    python.run("table = {n: n * n for n in range(50)}")
    python.snapshot().save(tmp_path / "warm.snap")
    other = Sandbox.python(snapshot=Snapshot.load(tmp_path / "warm.snap"))
    assert other.run("print(table[7])").stdout == "49\n"


def test_i15_3_runs_are_the_same_in_deterministic_mode(javascript_start: Snapshot) -> None:
    code = "[Date.now(), Math.random(), Math.random()]"
    found = [
        Sandbox.javascript(snapshot=javascript_start, seed=3, fuel=FUEL).run(code) for _ in range(2)
    ]
    assert found[0] == found[1]
    assert found[0].value[0] == 946684800000
