"""Snapshots of whole instances: what is in them, what they refuse, and instances that go on from them."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pyjsapi import Limits, RangeError, WebAssembly, null, wat2wasm
from pyjsapi.snapshots import Snapshot, SnapshotError, restore, snapshot

COUNTER = """(module
  (memory (export "m") 1 10)
  (global $g (export "g") (mut i32) (i32.const 5))
  (func (export "count") (result i32)
    (global.set $g (i32.add (global.get $g) (i32.const 1)))
    (i32.store (i32.const 70) (global.get $g))
    (i32.load (i32.const 70)))
  (func (export "grow") (result i32) (memory.grow (i32.const 2)))
  (func (export "last") (param i32) (result i32) (i32.load8_u (local.get 0))))"""


def module(text: str, **options: Any) -> WebAssembly.Module:
    return WebAssembly.Module(wat2wasm(text), **options)


def started(text: str, imports: Any = None) -> tuple[WebAssembly.Module, WebAssembly.Instance]:
    made = module(text)
    return made, WebAssembly.Instance(made, imports or {})


def resumed(
    text: str, before: str, imports: Any = None, *, level: int = 0
) -> tuple[Any, WebAssembly.Instance]:
    """Exports of a new instance that goes on after one call, and the instance that it goes on from."""
    made, first = started(text, imports)
    first.exports[before]()
    taken = Snapshot.from_bytes(snapshot(first).to_bytes(level=level))
    return taken.instantiate(made, imports or {}).exports, first


@pytest.mark.parametrize("level", [0, 1, 9])
def test_an_instance_goes_on_from_a_snapshot_of_another(level: int) -> None:
    exports, first = resumed(COUNTER, "count", level=level)
    assert exports.g.value == 6
    assert exports.last(70) == 6
    assert [exports.count(), exports.count()] == [7, 8]
    assert first.exports.count() == 7


def test_memories_are_as_large_as_they_were() -> None:
    text = COUNTER.replace(
        "(memory.grow (i32.const 2))",
        "(drop (memory.grow (i32.const 2))) (i32.store8 (i32.const 0x2FFFF) (i32.const 9)) (i32.const 0)",
    )
    exports, _ = resumed(text, "grow")
    assert exports.m.buffer.byteLength == 3 << 16
    assert exports.last(0x2FFFF) == 9
    assert exports.last(0x2FFFE) == 0
    assert exports.m.grow(7) == 3


def test_the_start_function_and_active_segments_do_not_come_again() -> None:
    calls: list[int] = []
    text = """(module (import "e" "f" (func $f (param i32)))
      (memory (export "m") 1) (data (i32.const 0) "abc") (data $p "xyz")
      (table (export "t") 2 funcref) (elem (i32.const 0) $f $f)
      (func (export "clear") (i32.store8 (i32.const 0) (i32.const 0)) (table.set (i32.const 1) (ref.null func)))
      (func $s (call $f (i32.const 1))) (start $s)
      (func (export "again") (call $f (i32.const 2))))"""
    exports, _ = resumed(text, "clear", {"e": {"f": calls.append}})
    assert calls == [1]
    assert exports.m.buffer.tobytes()[:3] == b"\0bc"
    assert exports.t.get(1) is null
    exports.t.get(0)(7)
    exports.again()
    assert calls == [1, 7, 2]


def test_imported_functions_may_be_others_than_before() -> None:
    text = """(module (import "e" "f" (func $f (result i32))) (table 1 funcref) (elem (i32.const 0) $f)
      (func (export "call") (result i32) (call_indirect (result i32) (i32.const 0))))"""
    made, first = started(text, {"e": {"f": lambda: 1}})
    assert first.exports.call() == 1
    again = snapshot(first).instantiate(made, {"e": {"f": lambda: 2}})
    assert again.exports.call() == 2


def test_dropped_segments_stay_dropped_and_others_stay() -> None:
    text = """(module (memory 1) (data $a "abc") (data $b "def") (table 3 funcref) (elem $e func $f) (elem $h func $f)
      (func $f)
      (func (export "drop") (data.drop $a) (elem.drop $e))
      (func (export "a") (memory.init $a (i32.const 0) (i32.const 0) (i32.const 3)))
      (func (export "b") (result i32)
        (memory.init $b (i32.const 0) (i32.const 0) (i32.const 3)) (i32.load8_u (i32.const 1)))
      (func (export "e") (table.init $e (i32.const 0) (i32.const 0) (i32.const 1)))
      (func (export "h") (table.init $h (i32.const 0) (i32.const 0) (i32.const 1))))"""
    exports, _ = resumed(text, "drop")
    for dropped in ("a", "e"):
        with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
            exports[dropped]()
    assert exports.b() == ord("e")
    exports.h()


def test_globals_of_all_number_types_keep_their_bits() -> None:
    text = """(module
      (global $i (mut i64) (i64.const 0)) (global $f (mut f32) (f32.const 0)) (global $d (mut f64) (f64.const 0))
      (global $v (mut v128) (v128.const i64x2 0 0))
      (func (export "set")
        (global.set $i (i64.const -2)) (global.set $f (f32.reinterpret_i32 (i32.const 0x7fa00001)))
        (global.set $d (f64.reinterpret_i64 (i64.const 0x7ff4000000000001)))
        (global.set $v (v128.const i64x2 1 -3)))
      (func (export "i") (result i64) (global.get $i))
      (func (export "f") (result i32) (i32.reinterpret_f32 (global.get $f)))
      (func (export "d") (result i64) (i64.reinterpret_f64 (global.get $d)))
      (func (export "v") (result i64 i64)
        (i64x2.extract_lane 0 (global.get $v)) (i64x2.extract_lane 1 (global.get $v))))"""
    exports, _ = resumed(text, "set")
    assert exports.i() == -2
    assert exports.f() == 0x7FA00001
    assert exports.d() == 0x7FF4000000000001
    assert exports.v() == [1, -3]


GRAPH = """(module
  (rec (type $node (struct (field $value (mut i16)) (field $next (mut (ref null $node))) (field $f (mut funcref)))))
  (type $bytes (array (mut i8))) (type $floats (array (mut f32))) (type $refs (array (mut anyref)))
  (global $first (mut (ref null $node)) (ref.null $node))
  (global $list (ref $refs) (array.new $refs (ref.i31 (i32.const -1)) (i32.const 4)))
  (table $t 2 anyref)
  (func $seven (result i32) (i32.const 7)) (elem declare func $seven)
  (func (export "make") (local $n (ref null $node))
    (local.set $n (struct.new $node (i32.const 0x1fffe) (ref.null $node) (ref.func $seven)))
    (struct.set $node $next (local.get $n) (local.get $n))
    (global.set $first (local.get $n))
    (array.set $refs (global.get $list) (i32.const 0) (local.get $n))
    (array.set $refs (global.get $list) (i32.const 1) (array.new_fixed $bytes 2 (i32.const 300) (i32.const 5)))
    (array.set $refs (global.get $list) (i32.const 2) (array.new $floats (f32.const 1.5) (i32.const 3)))
    (table.set $t (i32.const 1) (global.get $list)))
  (func (export "same") (result i32)
    (i32.and
      (ref.eq (global.get $first) (struct.get $node $next (global.get $first)))
      (i32.and
        (ref.eq (global.get $first) (ref.cast eqref (array.get $refs (global.get $list) (i32.const 0))))
        (ref.eq (global.get $list) (ref.cast eqref (table.get $t (i32.const 1)))))))
  (func (export "value") (result i32) (struct.get_s $node $value (global.get $first)))
  (func (export "byte") (result i32)
    (array.get_u $bytes (ref.cast (ref $bytes) (array.get $refs (global.get $list) (i32.const 1))) (i32.const 0)))
  (func (export "float") (result f32)
    (array.get $floats (ref.cast (ref $floats) (array.get $refs (global.get $list) (i32.const 2))) (i32.const 2)))
  (func (export "i31") (result i32) (i31.get_s (ref.cast i31ref (array.get $refs (global.get $list) (i32.const 3)))))
  (func (export "call") (result i32)
    (call_ref $t0 (ref.cast (ref $t0) (struct.get $node $f (global.get $first)))))
  (type $t0 (func (result i32))))"""


def test_structures_and_arrays_are_the_same_graph() -> None:
    exports, _ = resumed(GRAPH, "make")
    assert exports.same() == 1
    assert exports.value() == -2
    assert exports.byte() == 300 & 255
    assert exports.float() == 1.5
    assert exports.i31() == -1
    assert exports.call() == 7


def test_a_long_list_is_no_recursion() -> None:
    text = """(module (rec (type $n (struct (field (ref null $n)) (field i32))))
      (global $g (mut (ref null $n)) (ref.null $n))
      (func (export "make") (local i32)
        (loop (global.set $g (struct.new $n (global.get $g) (local.get 0)))
          (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 20000)))))
      (func (export "sum") (result i32) (local (ref null $n)) (local i32)
        (local.set 0 (global.get $g))
        (block (loop (br_if 1 (ref.is_null (local.get 0)))
          (local.set 1 (i32.add (local.get 1) (struct.get $n 1 (local.get 0))))
          (local.set 0 (struct.get $n 0 (local.get 0))) (br 0)))
        (local.get 1)))"""
    exports, first = resumed(text, "make")
    assert exports.sum() == first.exports.sum() == 19999 * 20000 // 2


@pytest.mark.parametrize(
    "value", [null, None, True, False, 0, -5, 1 << 70, 1.5, "text", "\ud800", ""]
)
def test_external_values_without_identity_are_kept(value: Any) -> None:
    text = """(module (global (export "e") (mut externref) (ref.null extern))
      (global $a (export "a") (mut anyref) (ref.null any))
      (func (export "both") (global.set $a (any.convert_extern (global.get 0)))))"""
    made, first = started(text)
    first.exports.e.value = value
    first.exports.both()
    exports = snapshot(first).instantiate(made).exports
    for name in ("e", "a"):
        found = exports[name].value
        assert found is value if value in (null, None, True, False) else found == value
        assert type(found) is type(value)


REFERENCES = """(module (table (export "t") 2 funcref) (table (export "x") 2 externref)
  (global (export "g") (mut externref) (ref.null extern)) (func (export "f")))"""


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("g", object(), r"global 0 holds an object of the host \(object\)"),
        ("x", [1], r"table 1, element 0 holds an object of the host \(list\)"),
        ("t", "other", "table 0, element 0 holds a function of another instance"),
        ("t", "host", "table 0, element 0 holds a function of the host that the module does not"),
    ],
)
def test_references_of_others_are_refused_with_their_place(
    name: str, value: Any, message: str
) -> None:
    _, first = started(REFERENCES)
    _, other = started(REFERENCES)
    if value == "other":
        value = other.exports.f
    elif value == "host":
        text = '(module (import "e" "f" (func $f)) (export "f" (func $f)))'
        value = started(text, {"e": {"f": lambda: None}})[1].exports.f
    if name == "g":
        first.exports.g.value = value
    else:
        first.exports[name].set(0, value)
    with pytest.raises(SnapshotError, match=message):
        snapshot(first)


def test_exceptions_and_host_objects_in_structures_are_refused() -> None:
    _, first = started(
        """(module (tag $e) (global $g (mut exnref) (ref.null exn))
        (func (export "catch") (global.set $g
          (block (result exnref) (try_table (catch_all_ref 0) (throw $e)) unreachable))))"""
    )
    first.exports["catch"]()
    with pytest.raises(SnapshotError, match="global 0 holds an exception"):
        snapshot(first)
    _, first = started(
        """(module (type $s (struct (field externref))) (global $g (mut (ref null $s)) (ref.null $s))
        (func (export "set") (param externref) (global.set $g (struct.new $s (local.get 0)))))"""
    )
    first.exports.set(object())
    with pytest.raises(SnapshotError, match="field 0 of a structure holds an object of the host"):
        snapshot(first)


def test_an_instance_that_runs_is_refused() -> None:
    made = module("""(module (import "e" "f" (func $f)) (func (export "run") (call $f)))""")
    messages: list[str] = []

    def host() -> None:
        for attempt in (lambda: snapshot(instance), lambda: restore(instance, idle)):
            with pytest.raises(SnapshotError) as caught:
                attempt()
            messages.append(str(caught.value))

    instance = WebAssembly.Instance(made, {"e": {"f": host}})
    idle = snapshot(instance)
    instance.exports.run()
    assert [m.partition(": ")[2] for m in messages] == [
        "code of the instance is running; its calls are no part of a snapshot"
    ] * 2
    assert snapshot(instance).to_bytes() == idle.to_bytes()


def test_an_instance_that_another_thread_runs_is_refused() -> None:
    entered, leave = threading.Event(), threading.Event()

    def host() -> None:
        entered.set()
        leave.wait(60)

    _, instance = started(
        """(module (import "e" "f" (func $f)) (func (export "run") (call $f)))""",
        {"e": {"f": host}},
    )
    thread = threading.Thread(target=instance.exports.run)
    thread.start()
    try:
        assert entered.wait(60)
        with pytest.raises(SnapshotError, match="is running"):
            snapshot(instance)
    finally:
        leave.set()
        thread.join()
    snapshot(instance)


def test_guarded_memories_are_refused() -> None:
    made = module(COUNTER)
    instance = WebAssembly.Instance(made, memory_overrides={0: {"storage": "guarded"}})
    with pytest.raises(SnapshotError, match="memory 0 has mappings or protected pages"):
        snapshot(instance)


def test_a_snapshot_is_of_one_module_only() -> None:
    _, first = started(COUNTER)
    other, second = started(COUNTER.replace("i32.const 70", "i32.const 71"))
    taken = snapshot(first)
    with pytest.raises(SnapshotError, match="of another module"):
        taken.instantiate(other)
    with pytest.raises(SnapshotError, match="of another module"):
        restore(second, taken)


def test_restoring_changes_the_instance_in_its_place() -> None:
    made, first = started(COUNTER)
    exports = first.exports
    exports.count()
    taken = snapshot(first)
    exports.count()
    exports.m.buffer.mv[1000:1003] = b"abc"
    restore(first, taken)
    assert exports.g.value == 6
    assert exports.m.buffer.tobytes().strip(b"\0") == b"\6"
    assert exports.count() == 7
    later = WebAssembly.Instance(made)
    later.exports.grow()
    taken = snapshot(later)
    restore(first, taken)
    assert exports.m.buffer.byteLength == 3 << 16
    assert exports.count() == 6


def test_what_is_larger_than_it_was_is_not_restored() -> None:
    _, first = started(COUNTER)
    taken = snapshot(first)
    first.exports.count()
    first.exports.grow()
    with pytest.raises(SnapshotError, match="memory 0 has 3 pages, and had 1: memories never"):
        restore(first, taken)
    assert first.exports.g.value == 6
    _, first = started(REFERENCES)
    taken = snapshot(first)
    first.exports.t.grow(1)
    with pytest.raises(SnapshotError, match="table 0 has 3 elements, and had 2: tables never"):
        restore(first, taken)


def test_limits_hold_for_what_is_restored() -> None:
    _, first = started(COUNTER)
    first.exports.grow()
    made = module(COUNTER, limits=Limits(max_memory_pages=2))
    with pytest.raises(SnapshotError, match="memory 0 had 3 pages, but may have 2 here"):
        snapshot(first).instantiate(made)
    text = COUNTER.replace("(memory (", '(table (export "t") 1 funcref) (memory (')
    _, first = started(text)
    first.exports.t.grow(9)
    made = module(text, limits=Limits(max_table_elements=5))
    with pytest.raises(SnapshotError, match="table 0 had 10 elements, but may have 5 here"):
        snapshot(first).instantiate(made)


IMPORTING = """(module (import "e" "m" (memory 1)) (import "e" "t" (table 1 funcref))
  (import "e" "g" (global $g (mut i32))) (import "e" "c" (global $c i32))
  (func $f (result i32) (global.get $c)) (elem (i32.const 0) $f)
  (func (export "set") (i32.store8 (i32.const 3) (i32.const 9)) (global.set $g (i32.const 4))))"""


def imports(constant: int = 1) -> dict[str, dict[str, Any]]:
    return {
        "e": {
            "m": WebAssembly.Memory(initial=1),
            "t": WebAssembly.Table(element="funcref", initial=1),
            "g": WebAssembly.Global({"value": "i32", "mutable": True}, 2),
            "c": constant,
        }
    }


def test_imported_things_are_the_imports_unless_they_are_asked_for() -> None:
    made, first = started(IMPORTING, imports())
    first.exports.set()
    given = imports()
    snapshot(first).instantiate(made, given)
    assert given["e"]["m"].buffer.tobytes()[3] == 0
    assert given["e"]["g"].value == 2
    assert given["e"]["t"].get(0) is null
    taken = Snapshot.from_bytes(snapshot(first, imported=True).to_bytes())
    assert taken.imported
    given["e"]["m"].buffer.mv[99] = 1
    taken.instantiate(made, given)
    assert given["e"]["m"].buffer.tobytes().strip(b"\0") == b"\x09"
    assert given["e"]["g"].value == 4
    assert given["e"]["t"].get(0)() == 1


def test_imported_constants_must_be_what_they_were() -> None:
    made, first = started(IMPORTING, imports())
    with pytest.raises(
        SnapshotError, match="imported global 1 is 2, but was 1 when the snapshot was taken"
    ):
        snapshot(first).instantiate(made, imports(2))


def test_shared_memories_and_pages_of_one_byte_are_kept() -> None:
    text = """(module (memory (export "s") 1 4 shared) (memory (export "b") 3 (pagesize 1))
      (func (export "set") (i32.store8 0 (i32.const 9) (i32.const 1)) (i32.store8 1 (i32.const 2) (i32.const 7))))"""
    exports, _ = resumed(text, "set")
    assert exports.s.buffer.tobytes()[9] == 1
    assert exports.b.buffer.tobytes() == b"\0\0\7"


def test_wrong_arguments_are_told() -> None:
    _, first = started(COUNTER)
    taken = snapshot(first)
    wrong: Any = first.exports
    for call in (
        lambda: snapshot(wrong),
        lambda: restore(wrong, taken),
        lambda: restore(first, wrong),
        lambda: taken.instantiate(wrong),
        Snapshot,
    ):
        with pytest.raises(TypeError):
            call()
    for level in (-1, 10, True, 1.0):
        with pytest.raises(ValueError, match="level must be 0 to 9"):
            taken.to_bytes(level=level)  # type: ignore[arg-type]
    assert repr(taken).endswith("0 of 65536 bytes of memory are not 0>")
    assert not isinstance(SnapshotError(), RangeError)
