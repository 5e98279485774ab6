"""``WebAssembly.Tag``, ``WebAssembly.Exception`` and exceptions between WebAssembly and the host (index.bs)."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi import RangeError, WebAssembly, null
from pyjsapi.text import wat2wasm
from pyjsapi.validation.limits import Limits


def instance(text: str, imports: object = None) -> WebAssembly.Instance:
    return WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), imports)


def raised(function: Any, *arguments: Any) -> BaseException:
    try:
        function(*arguments)
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


# Tags


def test_a_tag_has_the_types_of_its_parameters() -> None:
    assert WebAssembly.Tag({"parameters": ["i32", "externref"]}).type() == {
        "parameters": ["i32", "externref"]
    }
    assert WebAssembly.Tag(parameters=("i64", "anyfunc")).type() == {
        "parameters": ["i64", "funcref"]
    }
    assert WebAssembly.Tag({"parameters": []}).type() == {"parameters": []}


@pytest.mark.parametrize(
    "descriptor",
    [None, null, False, True, "", "test", 1, float("nan"), {}, {"parameters": None}, {"parameters": "i32"},
     {"parameters": 5}, {"parameters": ["i16"]}, {"parameters": ["i32\0"]}, {"parameters": ["exnref"]},
     {"parameters": ["i32"] * 1001}],
)  # fmt: skip
def test_bad_descriptors_of_tags(descriptor: Any) -> None:
    with pytest.raises(TypeError):
        WebAssembly.Tag(descriptor)


def test_exported_tags_are_one_object_each() -> None:
    module = (
        '(module (tag $t (export "t") (export "u") (param i32)) (tag (export "v") (param i32)))'
    )
    first, second = instance(module).exports, instance(module).exports
    assert isinstance(first.t, WebAssembly.Tag)
    assert first.t is first.u
    assert first.t is not first.v
    assert first.t is not second.t


def test_imported_tags_keep_their_identity() -> None:
    tag = WebAssembly.Tag({"parameters": ["i32"]})
    text = '(module (tag (export "t") (import "m" "t") (param i32)))'
    assert instance(text, {"m": {"t": tag}}).exports.t is tag
    others: tuple[object, ...] = (
        None,
        1,
        {},
        WebAssembly.Tag({"parameters": []}),
        WebAssembly.JSTag,
    )
    for other in others:
        with pytest.raises(WebAssembly.LinkError):
            instance(text, {"m": {"t": other}})


def test_limits_bound_the_parameters_of_a_tag() -> None:
    limits = Limits(params=2)
    assert WebAssembly.Tag(parameters=["i32", "i32"], limits=limits).type() == {
        "parameters": ["i32", "i32"]
    }
    with pytest.raises(TypeError, match=r"3 parameters, the limit is 2 \(Limits\.params\)"):
        WebAssembly.Tag(parameters=["i32"] * 3, limits=limits)
    assert len(WebAssembly.Tag(parameters=["i32"] * 1000).type()["parameters"]) == 1000
    with pytest.raises(TypeError, match="the limit is 1000"):
        WebAssembly.Tag(parameters=["i32"] * 1001)


def test_module_descriptors() -> None:
    module = WebAssembly.Module(
        wat2wasm('(module (import "m" "t" (tag (param i64))) (tag (export "u") (param f32 i32)))')
    )
    assert WebAssembly.Module.imports(module) == [
        {"module": "m", "name": "t", "kind": "tag", "type": {"parameters": ["i64"]}}
    ]
    assert WebAssembly.Module.exports(module) == [
        {"name": "u", "kind": "tag", "type": {"parameters": ["f32", "i32"]}}
    ]


# Exceptions made by the host


def test_an_exception_has_its_payload() -> None:
    tag = WebAssembly.Tag({"parameters": ["i32", "i64", "f32", "externref", "anyfunc"]})
    other = WebAssembly.Tag({"parameters": []})
    given = object()
    exception = WebAssembly.Exception(tag, (2**32 - 1, 2**63, 0.1, given, null))
    values = [exception.getArg(tag, i) for i in range(5)]
    assert values[:2] == [-1, -(2**63)]
    assert values[2] == 0.10000000149011612
    assert values[3] is given
    assert values[4] is null
    is_ = getattr(exception, "is")  # JavaScript's name is a keyword of Python
    assert is_(tag)
    assert exception.is_(tag)
    assert not is_(other)
    assert isinstance(exception, Exception)
    assert "i32 i64 f32 externref funcref" in str(exception)


def test_bad_arguments_of_exceptions() -> None:
    tag = WebAssembly.Tag({"parameters": ["i32"]})
    make: Any = WebAssembly.Exception
    wrong: tuple[tuple[object, ...], ...] = (
        (), (tag,), (None, []), (1, []), ({}, [1]), (tag, []), (tag, [1, 2]), (tag, 1), (tag, "1"), (tag, [2**64, 1]),
        (tag, [1], 5), (WebAssembly.JSTag, [1]),
    )  # fmt: skip
    for arguments in wrong:
        with pytest.raises(TypeError):
            make(*arguments)
    with pytest.raises(TypeError):
        make(WebAssembly.Tag({"parameters": ["i64"]}), [1.5])
    with pytest.raises(TypeError):
        make(WebAssembly.Tag({"parameters": ["anyfunc"]}), [print])
    with pytest.raises(TypeError):
        make(WebAssembly.Tag({"parameters": ["v128"]}), [0])


def test_bad_arguments_of_get_arg_and_is() -> None:
    tag = WebAssembly.Tag({"parameters": ["i32"]})
    exception: Any = WebAssembly.Exception(tag, [1])
    for arguments in (
        (),
        (None, 0),
        (WebAssembly.Tag({"parameters": ["i32"]}), 0),
        (tag, -1),
        (tag, "x"),
        (tag, 2**32),
    ):
        with pytest.raises(TypeError):
            exception.getArg(*arguments)
    with pytest.raises(RangeError):
        exception.getArg(tag, 1)
    no_tags: tuple[object, ...] = (None, 1, {})
    for argument in no_tags:
        with pytest.raises(TypeError):
            exception.is_(argument)


def test_the_stack_is_kept_when_asked_for() -> None:
    tag = WebAssembly.Tag({"parameters": []})
    assert WebAssembly.Exception(tag, []).stack is None
    assert WebAssembly.Exception(tag, [], {"traceStack": False}).stack is None
    stack = WebAssembly.Exception(tag, [], {"traceStack": True}).stack
    assert stack is not None
    assert "test_the_stack_is_kept_when_asked_for" in stack


# Between WebAssembly and the host


def test_uncaught_exceptions_are_raised_as_objects() -> None:
    exports = instance(
        '(module (tag $t (export "t") (param externref i32)) '
        '(func (export "f") (param externref) (throw $t (local.get 0) (i32.const -1))))'
    ).exports
    values: tuple[object, ...] = (None, null, True, "test", 0, 4.2, {}, [1], print)
    for value in values:
        error: Any = raised(exports.f, value)
        assert type(error) is WebAssembly.Exception
        assert error.is_(exports.t)
        assert error.getArg(exports.t, 0) is value
        assert error.getArg(exports.t, 1) == -1
        assert error.stack is None


PASS_ON = """(module
  (import "m" "throw" (func $throw)) (import "m" "tag" (tag $t (param i32)))
  (global $kept (mut exnref) (ref.null exn))
  (func (export "through") (call $throw))
  (func (export "ref") (block $h (result exnref) (try_table (catch_all_ref $h) (call $throw)) (return)) (throw_ref))
  (func (export "tagged") (result i32)
    (block $h (result i32) (try_table (catch $t $h) (call $throw)) (i32.const -1)))
  (func (export "anew") (block $h (result i32) (try_table (catch $t $h) (call $throw)) (return)) (throw $t))
  (func (export "legacy") (try (do (call $throw)) (catch $t (drop) (rethrow 0)) (catch_all (rethrow 0))))
  (func (export "all") (result i32)
    (block $h (try_table (catch_all $h) (call $throw)) (return (i32.const 0))) (i32.const 1))
  (func (export "keep") (global.set $kept
    (block $h (result exnref) (try_table (catch_all_ref $h) (call $throw)) (unreachable))))
  (func (export "release") (throw_ref (global.get $kept))))"""


class Thrower:
    """An instance of `PASS_ON` and what its import raises."""

    def __init__(self) -> None:
        self.tag = WebAssembly.Tag({"parameters": ["i32"]})
        self.error: BaseException = WebAssembly.Exception(self.tag, [42])
        self.exports = instance(PASS_ON, {"m": {"throw": self.throw, "tag": self.tag}}).exports

    def throw(self) -> None:
        raise self.error


def test_an_exception_keeps_its_identity() -> None:
    thrower = Thrower()
    for name in ("through", "ref", "legacy"):
        for _ in range(3):
            assert raised(thrower.exports[name]) is thrower.error
    assert thrower.exports.tagged() == 42
    anew: Any = raised(thrower.exports.anew)
    assert anew is not thrower.error
    assert anew.getArg(thrower.tag, 0) == 42
    thrower.exports.keep()
    assert raised(thrower.exports.release) is thrower.error


def test_an_exception_of_webassembly_is_the_same_object_every_time() -> None:
    thrower = Thrower()
    inner = instance('(module (tag $t (export "t")) (func (export "f") (throw $t)))').exports
    first = raised(inner.f)
    assert raised(inner.f) is not first
    thrower.error = first
    assert raised(thrower.exports.ref) is first
    thrower.exports.keep()
    del first
    thrower.error = ValueError()
    gc.collect()
    again: Any = raised(thrower.exports.release)
    assert again.is_(inner.t)
    assert raised(thrower.exports.release) is again


@pytest.mark.parametrize(
    "error", [ValueError("v"), IndexError("i"), ZeroDivisionError(), TypeError("t")]
)
def test_other_exceptions_of_the_host_pass_unchanged(error: Exception) -> None:
    thrower = Thrower()
    thrower.error = error
    for name in ("through", "ref", "tagged", "legacy"):
        assert raised(thrower.exports[name]) is error
    assert thrower.exports.all() == 1


def test_errors_of_conversion_can_be_caught() -> None:
    exports = instance(
        """(module (import "m" "f" (func $f (result i64)))
      (func (export "f") (result i64) (block $h (try_table (catch_all $h) (return (call $f)))) (i64.const 7)))""",
        {"m": {"f": lambda: 1.5}},
    ).exports
    assert exports.f() == 7


def test_traps_cannot_be_caught_wherever_they_come_from() -> None:
    thrower = Thrower()
    inner = instance(
        '(module (func (export "trap") unreachable) (func $deep (export "deep") (call $deep)))'
    ).exports
    for name, kind in (("trap", WebAssembly.RuntimeError), ("deep", RangeError)):
        thrower.throw = inner[name]  # type: ignore[method-assign]
        through = instance(
            PASS_ON, {"m": {"throw": lambda: thrower.throw(), "tag": thrower.tag}}
        ).exports
        for export in ("all", "ref", "legacy"):
            assert isinstance(raised(through[export]), kind)
    thrower.error = WebAssembly.RuntimeError("made by the host")
    del thrower.throw
    assert thrower.exports.all() == 1


def test_the_tag_of_host_exceptions() -> None:
    assert WebAssembly.JSTag is WebAssembly.JSTag
    assert WebAssembly.JSTag.type() == {"parameters": ["externref"]}
    error = ValueError("x")

    def throw() -> None:
        raise error

    imports = {"m": {"throw": throw, "tag": WebAssembly.JSTag}}
    exports = instance(
        """(module (import "m" "throw" (func $throw)) (import "m" "tag" (tag $t (param externref)))
      (func (export "catch") (result externref)
        (block $h (result externref) (try_table (catch $t $h) (call $throw)) (unreachable)))
      (func (export "throw") (param externref) (throw $t (local.get 0))))""",
        imports,
    ).exports
    assert exports["catch"]() is error
    assert raised(exports.throw, error) is error
    # Python raises nothing but exceptions: other values come in one of the tag.
    carrier: Any = raised(exports.throw, "text")
    assert carrier.getArg(WebAssembly.JSTag, 0) == "text"


def test_start_functions_raise_exceptions() -> None:
    tag = WebAssembly.Tag({"parameters": []})
    text = '(module (import "m" "t" (tag $t)) (func $start (throw $t)) (start $start))'
    error: Any = raised(instance, text, {"m": {"t": tag}})
    assert error.is_(tag)


def test_references_to_exceptions_stay_inside() -> None:
    exports = instance(
        """(module (global (export "g") (mut exnref) (ref.null exn)) (table (export "t") 1 exnref)
      (func (export "take") (param exnref)) (func (export "give") (result exnref) (ref.null exn))
      (func (export "none") (result nullexnref) (ref.null noexn)))"""
    ).exports
    attempts: list[Any] = [
        lambda: exports.g.value,
        lambda: setattr(exports.g, "value", null),
        lambda: exports.t.get(0),
        lambda: exports.t.set(0, null),
        lambda: exports.t.set(0),
        lambda: exports.take(null),
        exports.give,
        exports.none,
    ]
    for attempt in attempts:
        with pytest.raises(TypeError):
            attempt()


def test_a_switched_off_feature_is_named() -> None:
    from pyjsapi import Features

    data = wat2wasm("(module (tag))")
    with pytest.raises(WebAssembly.CompileError, match="exceptions"):
        WebAssembly.Module(data, features=Features(exceptions=False))
    data = wat2wasm("(module (func (try (do))))")
    with pytest.raises(WebAssembly.CompileError, match="legacy_exceptions"):
        WebAssembly.Module(data, features=Features(legacy_exceptions=False))


CALLING = wat2wasm(
    """(module (import "m" "f" (func $f)) (func $call (export "call") (call $f))
      (func (export "deeper") (call $call))
      (func (export "catch") (result i32)
        (block $h (try_table (catch_all $h) (call $f)) (return (i32.const 0))) (i32.const 1)))"""
)


def _too_deep() -> None:
    json.loads("[" * 500_000)


def _too_large() -> None:
    bytearray(1 << 62)


def _recursion_error() -> None:
    raise RecursionError("own")


def _memory_error() -> None:
    raise MemoryError("own")


FAILING = [_recursion_error, _memory_error]
if sys.platform != "emscripten":  # where deep recursion in C is the end of the interpreter
    FAILING += [_too_deep, _too_large]


@pytest.mark.parametrize("function", FAILING, ids=lambda f: f.__name__)
def test_errors_of_host_functions_about_resources_are_theirs(function: Callable[[], None]) -> None:
    raised: list[BaseException] = []

    def f() -> None:
        try:
            function()
        except Exception as error:
            raised.append(error)
            raise

    exports = WebAssembly.Instance(WebAssembly.Module(CALLING), {"m": {"f": f}}).exports
    for name in ("call", "deeper", "call"):
        with pytest.raises((RecursionError, MemoryError)) as caught:
            exports[name]()
        assert caught.value is raised[-1]
    assert exports.catch() == 1
    assert len(raised) == 4


# Through host functions the recursion is one in C, too.
@pytest.mark.usefixtures("deep_stack")
@pytest.mark.parametrize("through_host", [False] if sys.platform == "emscripten" else [False, True])
def test_the_end_of_the_stack_is_not_caught(through_host: bool) -> None:
    text = f"""(module (import "m" "f" (func $f)) (global $caught (export "caught") (mut i32) (i32.const 0))
      (func $g (export "g") (call {"$f" if through_host else "$g"}) (drop (i32.const 0)))
      (func (export "catch")
        (block $h (try_table (catch_all $h) (call $g)) (return)) (global.set $caught (i32.const 1))))"""
    host: list[Any] = []
    exports = WebAssembly.Instance(
        WebAssembly.Module(wat2wasm(text)), {"m": {"f": lambda: host[0].g()}}
    ).exports
    host.append(exports)
    for name in ("g", "catch"):
        with pytest.raises(RangeError, match="Maximum call stack size exceeded"):
            exports[name]()
    assert exports.caught.value == 0
