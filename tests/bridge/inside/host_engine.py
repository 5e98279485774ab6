"""The engine of JavaScript behind the JS API. Each case names the check of docs/engines.md that it is one of."""

import asyncio
import gc
import json
import math
import random
import re
import struct
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pyjsapi import WebAssembly, engines, null
from pyjsapi.bridge.engine.hooks import NATIVE
from pyjsapi.text import wat2wasm

engines.use("host")
HOST = engines.engine("host")

HAS_JSTAG = bool(NATIVE.javascript_tag())


def module(text: str) -> WebAssembly.Module:
    return WebAssembly.Module(wat2wasm(text))


def exports(text: str, imports: Any = None) -> Any:
    return WebAssembly.Instance(module(text), imports).exports


def in_python(text: str, imports: Any = None) -> Any:
    """The exports of an instance of the Python engine."""
    with engines.using("python"):
        return exports(text, imports)


def raises(
    kind: type[BaseException] | tuple[type[BaseException], ...],
    call: Callable[[], Any],
    words: str = "",
) -> BaseException:
    try:
        call()
    except kind as error:
        assert words in str(error), error
        return error
    raise AssertionError(f"no {kind}")


# ---- identity (EN-9, EN-10)

TABLE = """(module
  (import "e" "h" (func $h (param i32) (result i32)))
  (table (export "t") 4 funcref) (elem (i32.const 0) $a $h) (elem declare func $hidden)
  (func $a (export "a") (result i32) (i32.const 1)) (export "again" (func $a)) (export "h" (func $h))
  (func $hidden (result i32) (i32.const 2))
  (func (export "hide") (table.set (i32.const 2) (ref.func $hidden)))
  (func (export "get") (param i32) (result funcref) (table.get (local.get 0))))"""


def case_en_9_a_function_is_the_same_object_wherever_it_comes_from() -> None:
    given = lambda value: value  # noqa: E731
    made = exports(TABLE, {"e": {"h": given}})
    assert made.a is made.again is made.t.get(0) is made.get(0)
    assert made.h is made.t.get(1) is made.get(1) and made.h(5) == 5
    made.hide()
    hidden = made.t.get(2)
    assert hidden is made.get(2) and hidden() == 2
    assert made.t.get(3) is null is made.get(3)
    made.t.set(3, hidden)
    assert made.get(3) is hidden


def case_en_9_functions_of_both_engines_keep_their_identity() -> None:
    other = in_python(
        '(module (func (export "f") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3))))'
    )
    made = exports(TABLE, {"e": {"h": other.f}})
    assert made.h is other.f is made.t.get(1) and made.h(4) == 12
    back = in_python(
        '(module (import "m" "a" (func $a (result i32))) (export "a" (func $a)))',
        {"m": {"a": made.a}},
    )
    assert back.a is made.a and back.a() == 1


def case_en_10_a_function_that_only_a_native_table_holds_comes_back() -> None:
    table = WebAssembly.Table(element="anyfunc", initial=1)
    made = exports('(module (import "m" "t" (table 1 funcref)) (func $f (export "f") (result i32) (i32.const 7))'
                   "(elem (i32.const 0) $f))", {"m": {"t": table}})  # fmt: skip
    gone = weakref.ref(made.f)
    del made
    gc.collect()
    assert gone() is None
    back: Any = table.get(0)
    assert back() == 7
    assert table.get(0) is table.get(0)


# ---- references (EN-15)


class Anything:
    """An object like any other."""


def case_en_15_any_object_is_an_external_reference() -> None:
    made = exports(
        '(module (global $g (export "g") (mut externref) (ref.null extern)) (table (export "t") 2 externref)'
        '(func (export "same") (param externref) (result externref) (local.get 0))'
        '(func (export "is_null") (param externref) (result i32) (ref.is_null (local.get 0))))'
    )
    memory = WebAssembly.Memory(initial=1)
    values = [
        Anything(),
        "",
        "\ud800",
        True,
        False,
        1.0,
        1.5,
        -0.0,
        ValueError("x"),
        made.same,
        memory,
        None,
        null,
    ]
    for value in values:
        assert made.same(value) is value
        made.g.value = value
        assert made.g.value is value
        made.t.set(1, value)
        assert made.t.get(1) is value
        assert made.is_null(value) == (value is null)
    for number in (0, 1, -1, 2**30 - 1, 2**30, -(2**30), -(2**30) - 1, 2**31, 2**63, -(2**80)):
        assert made.same(number) == number and type(made.same(number)) is int


# ---- calls (EN-21, EN-22, EN-23)

TYPES = {"i32": "i", "i64": "I", "f32": "f", "f64": "d"}


def some_value(type_: str, random_: random.Random) -> Any:
    """A canonical value, NaNs with payloads among them."""
    if type_[0] == "i":
        bits = int(type_[1:])
        return random_.choice([0, 1, (1 << bits) - 1, 1 << (bits - 1), random_.getrandbits(bits)])
    if type_ == "f64":
        bits = random_.choice(
            [0x7FF8000000000123, 0xFFF0000000000001, 1 << 63, random_.getrandbits(64)]
        )
        return struct.unpack("<d", bits.to_bytes(8, "little"))[0]
    from pyjsapi.blocks.floats import f32_from_bits

    return f32_from_bits(random_.choice([0x7FC00123, 0xFF800001, 1 << 31, random_.getrandbits(32)]))


def bits_of(value: Any) -> Any:
    return struct.pack("<d", value) if isinstance(value, float) else value


def case_en_21_numbers_keep_their_bits_in_every_signature() -> None:
    from pyjsapi.embedding.settings import DEFAULT_SETTINGS
    from pyjsapi.runtime.function import FuncInst

    random_ = random.Random(21)
    for count in range(60):
        params = random_.choices([*TYPES], k=random_.choice([0, 1, 2, 5, 16]))
        results = random_.choices([*TYPES], k=random_.choice([0, 1, 1, 2, 4]))
        signature = f"(param {' '.join(params)}) (result {' '.join(results)})"
        text = f"""(module (import "m" "h" (func $h {signature}))
          (func (export "f") {signature} {" ".join(f"local.get {i}" for i in range(len(params)))} call $h))"""
        compiled = HOST.compile(wat2wasm(text), DEFAULT_SETTINGS)
        seen: list[Any] = []
        given = tuple(some_value(type_, random_) for type_ in results)

        def host(*values: Any, seen: list[Any] = seen, given: tuple[Any, ...] = given) -> Any:
            seen[:] = values
            return None if not given else given[0] if len(given) == 1 else given

        function = HOST.instantiate(compiled, [FuncInst(compiled.context.funcs[0], host)]).exports[
            "f"
        ]
        values = [some_value(type_, random_) for type_ in params]
        result = function.entry()(*values)
        found = () if not results else (result,) if len(results) == 1 else result
        assert list(map(bits_of, seen)) == list(map(bits_of, values)), (count, signature)
        assert list(map(bits_of, found)) == list(map(bits_of, given)), (count, signature)


def case_en_22_calls_nest_a_hundred_deep() -> None:
    text = """(module (import "m" "h" (func $h (param i32 i64) (result i64)))
      (func (export "f") (param i32 i64) (result i64)
        (i64.add (call $h (local.get 0) (local.get 1)) (i64.extend_i32_u (local.get 0)))))"""

    def host(left: int, wide: int) -> int:
        return made.f(left - 1, wide + 1) if left else wide

    made = exports(text, {"m": {"h": host}})
    assert made.f(100, 1 << 40) == (1 << 40) + 100 + sum(range(101))


def case_en_23_results_are_converted_as_on_the_python_engine() -> None:
    text = """(module (import "m" "one" (func $one (result i32))) (import "m" "two" (func $two (result i32 i64)))
      (func (export "one") (result i32) (call $one)) (func (export "two") (result i32 i64) (call $two)))"""

    class Wrong:
        def __index__(self) -> int:
            raise KeyError("in a conversion")

    for result in (
        1,
        1.5,
        True,
        None,
        "x",
        "7",
        Wrong(),
        (1,),
        (1, 2),
        (1, 2, 3),
        [5, 6],
        "ab",
        math.nan,
    ):
        told = []
        for make in (exports, in_python):
            made = make(
                text, {"m": {"one": lambda kept=result: kept, "two": lambda kept=result: kept}}
            )
            for call in (made.one, made.two):
                try:
                    told.append(repr(call()))
                except Exception as error:
                    told.append(f"{type(error).__name__}: {error}")
        assert told[:2] == told[2:], told


# ---- exceptions (EN-17, EN-18)

CATCH = """(module (import "m" "h" (func $h)) (import "m" "js" (tag $js (param externref)))
  (tag $t (export "t") (param i32 externref))
  (func (export "all") (result i32) (try (result i32) (do (call $h) (i32.const 0)) (catch_all (i32.const 1))))
  (func (export "again") (try (do (call $h)) (catch_all (rethrow 0))))
  (func (export "js") (result externref) (try (result externref) (do (call $h) (ref.null extern)) (catch $js)))
  (func (export "own") (result i32) (try (result i32) (do (call $h) (i32.const 0)) (catch $t (drop))))
  (func (export "throw") (param i32 externref) (throw $t (local.get 0) (local.get 1)))
  (func (export "through") (call $h)))"""


def catching(host: Callable[[], Any]) -> Any:
    return exports(CATCH, {"m": {"h": host, "js": WebAssembly.JSTag}})


def case_en_17_what_python_raises_comes_back_as_the_same_object() -> None:
    raised: list[BaseException] = []

    def host() -> None:
        raise raised[-1]

    made = catching(host)
    for error in (ValueError("x"), RecursionError("own"), WebAssembly.Exception(made.t, [7, "y"])):
        raised.append(error)
        for call in (made.through, made.again):
            found = raises(type(error), call)
            assert found is error
            assert any(name == "host" for name in names(found))
        assert made.all() == 1
    assert made.own() == 7
    for uncaught in (KeyboardInterrupt(), SystemExit(3)):
        raised.append(uncaught)
        for call in (made.through, made.again, made.all):
            assert raises(type(uncaught), call) is uncaught


def names(error: BaseException) -> list[str]:
    trace, found = error.__traceback__, []
    while trace is not None:
        found.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    return found


def case_en_17_code_catches_what_was_raised_with_the_tag_of_javascript() -> None:
    if not HAS_JSTAG:
        return
    error = ValueError("x")

    def host() -> None:
        raise error

    assert catching(host).js() is error


def case_en_17_an_exception_of_a_tag_has_its_values() -> None:
    made = catching(lambda: None)
    value = Anything()
    found: Any = raises(WebAssembly.Exception, lambda: made.throw(-5, value))
    assert getattr(found, "is")(made.t) and found.getArg(made.t, 0) == -5
    assert found.getArg(made.t, 1) is value


def case_en_17_the_start_function_may_throw_with_a_tag_of_its_own() -> None:
    found = raises(
        WebAssembly.Exception,
        lambda: exports(
            "(module (tag $t (param i32)) (func $s (throw $t (i32.const 3))) (start $s))"
        ),
    )
    assert "Exception" in type(found).__name__


def case_en_18_a_trap_within_a_host_function_passes_native_code() -> None:
    inner = exports('(module (func (export "trap") unreachable))')
    made = catching(lambda: inner.trap())
    for call in (made.all, made.again, made.through):
        raises(WebAssembly.RuntimeError, call, "unreachable")


def case_traps_have_the_words_of_the_specification() -> None:
    made = exports("""(module (memory 1) (table 2 funcref) (type $v (func)) (elem (i32.const 1) $i)
      (func $i (result i32) (i32.const 1))
      (func (export "integer divide by zero") (drop (i32.div_s (i32.const 1) (i32.const 0))))
      (func (export "integer divide by zero 2") (drop (i64.rem_u (i64.const 1) (i64.const 0))))
      (func (export "integer overflow") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
      (func (export "out of bounds memory access") (drop (i32.load (i32.const -4))))
      (func (export "out of bounds memory access 2") (memory.fill (i32.const -4) (i32.const 0) (i32.const 9)))
      (func (export "undefined element") (call_indirect (type $v) (i32.const 9)))
      (func (export "indirect call type mismatch") (call_indirect (type $v) (i32.const 1)))
      (func (export "unreachable") unreachable))""")
    for name in made:
        raises(WebAssembly.RuntimeError, made[name], name.removesuffix(" 2"))


# ---- what must be survived (EN-24, EN-43)

DEEP = """(module (import "m" "h" (func $h (param i32) (result i32)))
  (func $down (export "down") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
      (else (call $h (i32.const 0)))))
  (func (export "host") (param i32) (result i32) (call $h (local.get 0)))
  (func $ever (export "ever") (call $ever)))"""


def work(_: int) -> int:
    """What needs some of C's stack."""
    values = json.loads("[1, [2, [3, [4]]]]")
    return len(sorted(re.split("b|c", "abcabc" * 9), key=lambda text: -len(text))) + len(values)


def case_en_24_the_end_of_the_stack_is_a_range_error() -> None:
    made = exports(DEEP, {"m": {"h": work}})
    raises(RecursionError, made.ever)
    assert isinstance(raises(RecursionError, made.ever), WebAssembly.RuntimeError) is False
    depth = 1000
    while depth < 4_000_000:
        with suppress(RecursionError):
            made.down(depth)
        depth = int(depth * 1.3) + 1
    assert made.down(10) == made.down(9) + 1


def case_en_24_endless_recursion_through_the_host() -> None:
    def host(depth: int) -> int:
        found: int = made.host(depth + 1) + work(0)
        return found

    made = exports(DEEP, {"m": {"h": host}})
    for _ in range(3):
        raises(RecursionError, lambda: made.host(0))
    assert exports(DEEP, {"m": {"h": work}}).host(0) == work(0)


def case_en_43_the_interpreter_survives_a_thousand_failures() -> None:
    def host(what: int) -> Any:
        if what == 1:
            raise ValueError(what)
        if what == 2:
            return made.down(100_000_000)
        if what == 3:
            return bad.trap()
        if what == 4:
            raise KeyboardInterrupt
        return what

    bad = exports(
        '(module (memory 1) (func (export "trap") (result i32) (i32.load (i32.const -1))))'
    )
    made = exports(DEEP, {"m": {"h": host}})
    random_ = random.Random(43)
    kinds: set[str] = set()
    for _ in range(1000):
        try:
            made.host(random_.randrange(6))
        except BaseException as error:
            kinds.add(type(error).__name__)
    assert kinds == {"ValueError", "CallStackError", "RuntimeError", "KeyboardInterrupt"}
    assert made.host(5) == 5


def case_en_43_a_memory_that_there_is_no_room_for_is_a_range_error() -> None:
    kept = []
    with suppress(Exception):
        for _ in range(300):
            kept.append(WebAssembly.Memory(initial=30_000, maximum=65_536))
    del kept
    gc.collect()
    assert WebAssembly.Memory(initial=1).buffer.byteLength == 65536
    raises(Exception, lambda: exports("(module (table 20000000 funcref))"))


# ---- nothing is left, and nothing is a proxy (EN-16, EN-42)


def case_en_42_handles_return_to_their_level() -> None:
    made = exports(TABLE, {"e": {"h": lambda value: value}})
    made.a(), made.t.get(0)
    del made
    gc.collect()
    before, calls = NATIVE.held(), NATIVE.held_calls()
    for _ in range(50):
        made = exports(TABLE, {"e": {"h": lambda value: value}})
        made.a(), made.h(1), made.t.get(0), made.get(2)
        with suppress(TypeError):
            made.h("x", "y")
        del made
    gc.collect()
    assert (NATIVE.held(), NATIVE.held_calls()) == (before, calls)


def case_en_42_no_proxy_is_made_by_calls() -> None:
    import pyodide_js

    made = exports(TABLE, {"e": {"h": lambda value: value}})
    memory = WebAssembly.Memory(initial=1)

    def held() -> int:
        return int(pyodide_js._module._hiwire_num_refs())

    def use() -> None:
        made.a(), made.h(1), made.t.get(0), made.get(0)
        assert memory.buffer.byteLength == 65536
        with suppress(RecursionError, WebAssembly.RuntimeError):
            made.get(99)

    use()
    before = held()
    for _ in range(20):
        use()
    assert held() <= before


# ---- stack traces (EN-45)


def case_en_45_the_limit_of_stack_traces_is_what_it_was() -> None:
    import js

    seen = []

    def host(what: int) -> Any:
        seen.append(js.Error.stackTraceLimit)
        if what == 1:
            raise ValueError
        if what == 2:
            js.Error.stackTraceLimit = 17
        return made.down(1_000_000_000) if what == 3 else what

    made = exports(DEEP, {"m": {"h": host}})
    js.Error.stackTraceLimit = 23
    for what in (0, 1, 3):
        with suppress(ValueError, RecursionError):
            made.host(what)
        assert js.Error.stackTraceLimit == 23, what
    assert seen == [23, 23, 23]
    made.host(2)
    assert js.Error.stackTraceLimit == 17
    js.Error.stackTraceLimit = 10


def case_several_signatures_of_one_import() -> None:
    seen: list[Any] = []

    def given(value: Any) -> int:
        seen.append(value)
        return 9

    made = exports("""(module (import "m" "f" (func $i (param i32))) (import "m" "f" (func $d (param f64) (result i64)))
      (func (export "f") (result i64) (call $i (i32.const -1)) (call $d (f64.const 2.5))))""",
      {"m": {"f": given}})  # fmt: skip
    assert made.f() == 9 and seen == [-1, 2.5]


def case_references_and_numbers_in_one_signature() -> None:
    signature = "(param externref i32 i64 f32 f64 funcref) (result i64 externref funcref)"
    made = exports(f"""(module (import "m" "h" (func $h {signature}))
      (func (export "f") {signature} {" ".join(f"local.get {i}" for i in range(6))} call $h))""",
      {"m": {"h": lambda *values: (values[2], values[0], values[5])}})  # fmt: skip
    thing = Anything()
    wide, found, function = made.f(thing, -1, -(1 << 60), 1.5, -0.0, made.f)
    assert (wide, found, function) == (-(1 << 60), thing, made.f)


async def case_en_28_run_sync_below_native_frames_raises_and_nothing_else_happens() -> None:
    from pyodide.ffi import can_run_sync, run_sync

    seen = []

    def waits() -> None:
        seen.append(can_run_sync())
        run_sync(asyncio.sleep(0))

    made = exports(
        """(module (import "m" "f" (func $f)) (func (export "f") (call $f))
      (func (export "seven") (result i32) (i32.const 7)))""",
        {"m": {"f": waits}},
    )
    switches = can_run_sync()
    for waiting in (False, True):
        other = asyncio.ensure_future(asyncio.sleep(0, "other")) if waiting else None
        try:
            made.f()
        except RuntimeError as error:
            assert "stack switch" in str(error), error
        else:
            raise AssertionError("the stack of native code was switched")
        assert other is None or await other == "other"
    assert seen == [False, False]
    assert made.seven() == 7
    if switches:  # where it began with this, nothing has changed
        run_sync(asyncio.sleep(0))
