"""Each kind of stop, and what can be seen there."""

from __future__ import annotations

from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.debugging import DebugError, Debugger
from tests.debugging.conftest import FACTORIAL, Debug, at, locals_of, names, operands, results


def test_a_call_begins_before_its_first_instruction(debug: Debug) -> None:
    state = debug(FACTORIAL).call("fact", [3])
    assert at(state) == ("entry", "fact", "global.get $calls")
    assert (state["count"], locals_of(state), operands(state)) == (0, {"n": "3"}, [])


def test_steps_go_into_calls_and_show_operands(debug: Debug) -> None:
    debugger = debug(FACTORIAL)
    debugger.call("fact", [3])
    assert operands(debugger.step(2)) == ["0", "1"]
    state = debugger.step(12)
    assert at(state) == ("step", "fact", "call $fact")
    assert operands(state) == ["3", "2"]
    state = debugger.step()
    assert names(state) == ["fact", "fact"]
    assert locals_of(state) == {"n": "2"}
    assert debugger.frame(1)["locals"][0]["value"] == "3"


def test_over_and_out_pass_calls(debug: Debug) -> None:
    debugger = debug(FACTORIAL)
    debugger.call("fact", [3])
    debugger.step(14)
    state = debugger.over()
    assert (at(state), operands(state)) == (("step", "fact", "i32.mul"), ["3", "2"])
    debugger.back(state["count"] - 20)
    assert names(debugger.state()) == ["fact", "fact"]
    state = debugger.out()
    assert (at(state), operands(state)) == (("step", "fact", "i32.mul"), ["3", "2"])


def test_functions_and_instructions_have_breakpoints(debug: Debug) -> None:
    debugger = debug(FACTORIAL)
    entry = debugger.breakpoints.add({"kind": "function", "function": "fact"})
    debugger.call("fact", [1])
    assert at(debugger.proceed())[0] == "breakpoint"
    debugger.breakpoints.delete(entry.number)
    made = debugger.breakpoints.add({"kind": "instruction", "function": 0, "instruction": 17})
    state = debugger.proceed()
    assert state["stop"] == {"reason": "breakpoint", "breakpoints": [made.number]}
    assert at(state)[2] == "i32.mul"
    offset = made.plain()["offset"]
    debugger.restart()
    debugger.breakpoints.delete(made.number)
    state = debugger.run_to({"kind": "instruction", "offset": offset})
    assert at(state) == ("reached", "fact", "i32.mul")
    assert results(debugger.proceed()) == ["1"]


def test_a_breakpoint_in_a_loop_at_the_functions_start_is_met_in_each_round(debug: Debug) -> None:
    debugger = debug(
        """(module (func (export "f") (param i32)
             (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"""
    )
    debugger.breakpoints.add({"kind": "instruction", "function": "f", "instruction": 0})
    debugger.call("f", [3])
    assert [locals_of(debugger.proceed())["0"] for _ in range(2)] == ["2", "1"]
    assert at(debugger.proceed())[0] == "end"


def test_lines_of_the_text_have_breakpoints(debug: Debug) -> None:
    debugger = debug(FACTORIAL)
    debugger.breakpoints.add({"kind": "line", "line": 6})
    debugger.call("fact", [3])
    state = debugger.proceed()
    assert state["frames"][0]["place"]["line"] == 6
    assert at(state)[2] == "i32.const 16"
    with pytest.raises(DebugError, match="no code begins at line 1"):
        debugger.breakpoints.add({"kind": "line", "line": 1})


MEMORIES = """(module (memory $a 1) (memory $b 1)
  (func (export "f")
    (i32.store $a (i32.const 8) (i32.const 1))
    (i32.store8 $b offset=6 (i32.const 4) (i32.const 2))
    (drop (i64.load $b (i32.const 3)))
    (memory.copy $b $a (i32.const 100) (i32.const 0) (i32.const 16))
    (memory.fill $b (i32.const 0) (i32.const 7) (i32.const 11))
    (memory.fill $b (i32.const 0) (i32.const 7) (i32.const 10))
    (drop (i32.load $b (i32.const 65534)))))"""


def test_ranges_of_memories_are_watched_by_their_index(debug: Debug) -> None:
    debugger = debug(MEMORIES)
    debugger.breakpoints.add(
        {"kind": "watch", "memory": 1, "address": 10, "size": 1, "reads": True}
    )
    debugger.call("f")
    met = []
    while (state := debugger.proceed())["stop"]["reason"] == "watch":
        met.append((at(state)[2].split()[0], state["stop"]["access"], state["stop"]["address"]))
    assert met == [
        ("i32.store8", "write", 10),
        ("i64.load", "read", 3),
        ("memory.fill", "write", 0),
    ]
    assert state["outcome"] == {"error": "out of bounds memory access"}


def test_watches_are_for_reads_or_for_writes(debug: Debug) -> None:
    debugger = debug(MEMORIES)
    debugger.breakpoints.add(
        {"kind": "watch", "memory": 0, "address": 0, "size": 9, "reads": True, "writes": False}
    )
    debugger.call("f")
    assert at(debugger.proceed())[2].startswith("memory.copy")
    assert at(debugger.proceed())[0] == "end"


def test_atomic_accesses_are_watched(debug: Debug) -> None:
    debugger = debug(
        """(module (memory 1 1 shared) (func (export "f")
             (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
             (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))
             (i32.atomic.store (i32.const 0) (i32.const 1))
             (drop (i32.atomic.load (i32.const 0)))))"""
    )
    debugger.breakpoints.add({"kind": "watch", "address": 0})
    debugger.call("f")
    seen = [at(debugger.proceed())[2] for _ in range(2)]
    assert seen == ["i32.atomic.rmw.add", "i32.atomic.store"]
    assert at(debugger.proceed())[0] == "end"


def test_a_trap_stops_where_it_happened(debug: Debug) -> None:
    debugger = debug(
        """(module (func $d (param $a i32) (result i32) (i32.div_u (i32.const 7) (local.get $a)))
             (func (export "f") (result i32) (call $d (i32.const 0))))"""
    )
    debugger.breakpoints.add({"kind": "trap"})
    debugger.call("f")
    state = debugger.proceed()
    assert at(state) == ("trap", "d", "i32.div_u")
    assert (locals_of(state), operands(state)) == ({"a": "0"}, ["7", "0"])
    assert state["stop"]["message"] == "integer divide by zero"
    assert names(state) == ["d", "f"]
    state = debugger.proceed()
    assert state["outcome"] == {"error": "integer divide by zero"}
    assert at(debugger.back()) == ("step", "d", "local.get $a")
    assert isinstance(debugger.failure, type(None))


def test_imports_stop_before_and_after(debug: Debug) -> None:
    debugger = debug(
        """(module (import "host" "twice" (func $twice (param i32) (result i32)))
             (func (export "f") (result i32) (call $twice (i32.const 21))))""",
        {"host": {"twice": lambda x: 2 * x}},
    )
    made = debugger.breakpoints.add({"kind": "import", "import": "host.twice"})
    debugger.call("f")
    state = debugger.proceed()
    assert state["stop"] == {
        "reason": "import",
        "breakpoints": [made.number],
        "when": "before",
        "index": 0,
    }
    assert (at(state)[2], operands(state)) == ("call $twice", ["21"])
    state = debugger.proceed()
    assert results(state) == ["42"]  # There is no instruction after it.
    debugger.restart()
    with pytest.raises(DebugError, match=r"those that are: host\.twice"):
        debugger.breakpoints.add({"kind": "import", "import": "host.thrice"})


def test_after_an_import_its_result_is_there(debug: Debug) -> None:
    debugger = debug(
        """(module (import "host" "one" (func $one (result i32)))
             (func (export "f") (result i32) (i32.eqz (call $one))))""",
        {"host": {"one": lambda: 1}},
    )
    debugger.breakpoints.add({"kind": "import"})
    debugger.call("f")
    state = debugger.proceed()
    assert (state["stop"]["when"], operands(state)) == ("after", ["1"])


def test_growth_stops_before_it(debug: Debug) -> None:
    debugger = debug(
        """(module (memory 1 4) (func (export "f") (result i32) (memory.grow (i32.const 2))))"""
    )
    debugger.breakpoints.add({"kind": "growth"})
    debugger.call("f")
    stop = debugger.proceed()["stop"]
    assert (stop["memory"], stop["pages"], stop["delta"]) == (0, 1, 2)
    assert len(debugger.memory(0, 0, 1 << 18)) == 1 << 16
    assert results(debugger.proceed()) == ["1"]
    assert len(debugger.memory(0, 0, 1 << 18)) == 3 << 16
    debugger.restart()
    assert len(debugger.memory(0, 0, 1 << 18)) == 1 << 16


EXCEPTIONS = """(module (tag $t (param i32))
  (func $throw (param i32) (throw $t (local.get 0)))
  (func (export "caught") (result i32)
    (block $h (result i32)
      (try_table (catch $t $h) (call $throw (i32.const 5)))
      (i32.const 0)))
  (func (export "uncaught") (call $throw (i32.const 6))))"""


def test_exceptions_land_in_their_clauses(debug: Debug) -> None:
    debugger = debug(EXCEPTIONS)
    debugger.breakpoints.add({"kind": "exception"})
    debugger.call("caught")
    state = debugger.step(2)
    assert names(state) == ["throw", "caught"]
    assert results(debugger.step(2)) == ["5"]


def test_exceptions_that_nobody_catches_stop(debug: Debug) -> None:
    debugger = debug(EXCEPTIONS)
    debugger.breakpoints.add({"kind": "exception"})
    debugger.call("uncaught")
    state = debugger.proceed()
    assert at(state) == ("exception", "throw", "throw $t")
    assert operands(state) == ["6"]
    assert "exception" in debugger.proceed()["outcome"]


def test_legacy_exceptions_step_by_their_own_instructions(debug: Debug) -> None:
    debugger = debug(
        """(module (tag $t (param i32)) (func (export "f") (result i32)
             try (result i32) i32.const 1 throw $t catch $t i32.const 2 i32.add end))"""
    )
    debugger.call("f")
    seen = []
    while debugger.is_stopped:
        seen.append(debugger.state()["frames"][0]["text"])
        debugger.step()
    assert seen == ["i32.const 1", "throw $t", "i32.const 2", "i32.add"]
    assert results(debugger.state()) == ["3"]


def test_tail_calls_replace_their_callers(debug: Debug) -> None:
    debugger = debug(
        """(module (func $g (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
             (func $f (param i32) (result i32) (return_call $g (local.get 0)))
             (func (export "main") (result i32) (call $f (i32.const 1))))"""
    )
    debugger.breakpoints.add({"kind": "function", "function": "$g"})
    debugger.call("main")
    assert names(debugger.proceed()) == ["g", "main"]
    assert results(debugger.proceed()) == ["2"]


def test_too_many_calls_exhaust_the_stack(debug: Debug) -> None:
    debugger = debug("""(module (func $f (export "f") (call $f)))""")
    debugger.breakpoints.add({"kind": "trap"})
    debugger.call("f")
    state = debugger.proceed(1 << 60)
    assert state["stop"]["message"] == "call stack exhausted"
    assert state["depth"] > len(state["frames"]) == 100
    assert debugger.frame(state["depth"] - 1)["name"] == "f"


def test_several_instances_are_debugged_together() -> None:
    library = WebAssembly.Instance(
        WebAssembly.Module(wat2wasm(
            """(module (memory (export "m") 1)
                 (func $put (export "put") (param $a i32) (i32.store (local.get $a) (i32.const 1))))"""
        ))
    )  # fmt: skip
    program = WebAssembly.Instance(
        WebAssembly.Module(wat2wasm(
            """(module (import "l" "put" (func $put (param i32))) (import "l" "m" (memory 1))
                 (func (export "main") (call $put (i32.const 4))))"""
        )),
        {"l": library.exports},
    )  # fmt: skip
    with Debugger(program) as debugger:
        debugger.breakpoints.add({"kind": "watch", "memory": 0, "address": 4})
        debugger.breakpoints.add({"kind": "import"})
        debugger.call("main")
        state = debugger.proceed()
        assert (state["stop"]["reason"], state["frames"][0]["instance"]) == ("import", 0)
        state = debugger.proceed()
        assert (at(state), state["frames"][0]["instance"]) == (("watch", "put", "i32.store"), 1)
        assert names(state) == ["put", "main"]
        debugger.proceed()
    assert library.exports.m.buffer.tobytes()[4] == 1
    library.exports.put(8)
    assert library.exports.m.buffer.tobytes()[8] == 1


def test_after_closing_functions_are_compiled_ones_again(debug: Debug) -> None:
    debugger = debug(FACTORIAL)
    exports: Any = debugger.instance.exports
    assert exports["fact"].call(3) == 6
    debugger.close()
    assert exports["fact"].call(4) == 24
    assert "resolve" not in exports["fact"].call.__code__.co_names


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"kind": "sometimes"}, "no kind of breakpoint"),
        ({"kind": "function", "function": "nope"}, "no function 'nope'"),
        ({"kind": "instruction", "function": 0, "instruction": 99}, "has 20 instructions"),
        ({"kind": "instruction", "offset": 3}, "no instruction at offset 0x3"),
        ({"kind": "watch", "memory": 3, "address": 0}, "no memory 3"),
        ({"kind": "watch", "address": -1}, "not an address"),
        ({"kind": "watch", "address": 0, "writes": False}, "for reads, for writes"),
        ({"kind": "function", "function": 0, "instance": 5}, "no instance 5"),
    ],
)
def test_breakpoints_at_what_is_not_there_are_refused(
    debug: Debug, spec: dict[str, Any], message: str
) -> None:
    debugger = debug(FACTORIAL)
    with pytest.raises(DebugError, match=message):
        debugger.breakpoints.add(spec)
    assert not debugger.breakpoints.all


def test_the_source_of_functions_is_the_same_before_and_after(debug: Debug) -> None:
    debugger = debug(FACTORIAL)
    owner: Any = debugger.instance.funcs[0].owner
    before = owner.compiled.source(0)
    debugger.breakpoints.add({"kind": "watch", "address": 100})
    debugger.call("fact", [3])
    debugger.proceed()
    debugger.close()
    assert owner.compiled.source(0) == owner.variant.source(0) == before


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"kind": "function", "function": "fact"}, "global.get $calls"),
        ({"kind": "instruction", "function": "fact", "instruction": 5}, "local.get $n"),
        ({"kind": "line", "line": 6}, "i32.const 16"),
        ({"kind": "watch", "address": 16}, "i32.store"),
    ],
)
def test_breakpoints_hold_where_their_conditions_do(
    debug: Debug, spec: dict[str, Any], text: str
) -> None:
    debugger = debug(FACTORIAL)
    made = debugger.breakpoints.add({**spec, "condition": "$n == 1 or $n == 2 and g0 < 9"})
    debugger.call("fact", [4])
    for n in ("2", "1"):
        state = debugger.proceed()
        assert (at(state)[2], locals_of(state)["n"]) == (text, n)
    assert at(debugger.proceed())[0] == "end"
    assert locals_of(debugger.reverse())["n"] == "1"
    debugger.breakpoints.set_condition(made.number, "not $n")
    debugger.restart()
    assert locals_of(debugger.proceed())["n"] == "0"
    debugger.breakpoints.set_condition(made.number, None)
    debugger.restart()
    state = debugger.proceed()
    assert "condition" not in made.plain()
    assert locals_of(state)["n"] == ("3" if spec["kind"] == "function" else "4")


def test_a_step_is_no_stop_at_a_breakpoint_that_does_not_hold(debug: Debug) -> None:
    debugger = debug(FACTORIAL)
    debugger.breakpoints.add({"kind": "function", "function": "fact", "condition": "$n == 0"})
    debugger.call("fact", [1])
    state = debugger.step(14)
    assert at(state) == ("step", "fact", "call $fact")
    assert at(debugger.step())[0] == "breakpoint"
    debugger.call("fact", [2])
    debugger.step(14)
    assert at(debugger.step()) == ("step", "fact", "global.get $calls")


def test_conditions_hold_in_calls_that_the_host_makes(debug: Debug) -> None:
    exports: dict[str, Any] = {}

    def again(n: int) -> None:
        if n:
            exports["run"](n - 1)

    debugger = debug(
        """(module (import "host" "again" (func $again (param i32)))
             (func (export "run") (param $n i32) (call $again (local.get $n))))""",
        {"host": {"again": again}},
    )
    exports["run"] = lambda n: debugger.instance.exports["run"].call(n)  # type: ignore[union-attr]
    debugger.breakpoints.add({"kind": "function", "function": "run", "condition": "$n == 2"})
    debugger.call("run", [4])
    state = debugger.proceed()
    assert (at(state)[0], locals_of(state)["n"]) == ("breakpoint", "2")
    assert at(debugger.proceed())[0] == "end"


def test_a_condition_that_cannot_be_computed_stops_and_tells(debug: Debug) -> None:
    debugger = debug(FACTORIAL)
    with pytest.raises(DebugError, match="'1 \\+' is no expression"):
        debugger.breakpoints.add({"kind": "trap", "condition": "1 +"})
    with pytest.raises(DebugError, match="is no condition"):
        debugger.breakpoints.add({"kind": "trap", "condition": 1})
    with pytest.raises(DebugError, match="no breakpoint 1"):
        debugger.breakpoints.set_condition(1, "1")
    debugger.breakpoints.add({"kind": "function", "function": "fact", "condition": "$m"})
    debugger.call("fact", [3])
    stop = debugger.proceed()["stop"]
    assert stop["reason"] == "breakpoint"
    assert "there is no $m here" in stop["problem"]
