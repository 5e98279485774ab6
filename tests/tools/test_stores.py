"""UC-2: an instrumented module does what it did, and its log takes everything back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fuzz.compare import differences
from fuzz.engines.base import ChildEngine
from fuzz.engines.harness import Run
from fuzz.engines.javascript import bun, node
from fuzz.generators import make
from fuzz.program import Program
from pyjsapi import WebAssembly, null, wat2wasm
from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.encoder import encode_module
from pyjsapi.binary.leb128 import unsigned
from pyjsapi.binary.names import names_of
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import Custom, Export, Module
from pyjsapi.tools import Kind, ToolError, forget, instrument_stores, mark, records, rollback
from pyjsapi.tools.log_format import FORGET, LOG, MARK, ROLLBACK
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module

ADDED = {LOG, MARK, ROLLBACK, FORGET}
GENERATORS = (
    "aliasing", "atomics", "blocks", "gc", "handlers", "memories", "segments", "smith", "tables", "vectors",
)  # fmt: skip
PROGRAMS = 12
"""Of each generator."""


def instance_of(text: str, imports: Any = None, **options: Any) -> Any:
    data = instrument_stores(wat2wasm(text), **options)
    return WebAssembly.Instance(WebAssembly.Module(data), imports or {})


def with_all_exported(data: bytes) -> bytes:
    """A module that shows all of its memories, globals and tables."""
    module = decode_module(data)
    spaces = (
        ("memory", module.mem_types),
        ("global", module.global_types),
        ("table", module.table_types),
    )
    for kind, types in spaces:
        module.exports += [Export(f"all {kind} {k}", kind, k) for k in range(len(types))]
    return encode_module(module)


def without_added(seen: dict[str, Any]) -> dict[str, Any]:
    """What was seen, without what the tool added."""
    seen = dict(seen)
    for part in ("exports", "memories"):
        if isinstance(seen.get(part), dict):
            seen[part] = {name: value for name, value in seen[part].items() if name not in ADDED}
        elif part in seen:
            seen[part] = [name for name in seen[part] if name not in ADDED]
    return seen


def always(data: bytes) -> Callable[[bytes], Any]:
    """A module, whatever it is asked for."""
    return lambda _: WebAssembly.Module(data)


def programs(name: str) -> Iterator[tuple[int, Program]]:
    for seed in range(PROGRAMS):
        yield seed, make(name, seed).program


def state(exports: Any) -> dict[str, Any]:
    """Bytes of memories, values of globals, elements of tables."""
    found: dict[str, Any] = {}
    for name in exports:
        value = exports[name]
        if name in ADDED:
            continue
        if isinstance(value, WebAssembly.Memory):
            found[name] = bytes(value.buffer.tobytes())
        elif isinstance(value, WebAssembly.Global):
            found[name] = _shown(lambda value=value: value.value)
        elif isinstance(value, WebAssembly.Table):
            found[name] = [
                _shown(lambda value=value, k=k: value.get(k)) for k in range(value.length)
            ]
    return found


def _shown(read: Any) -> Any:
    try:
        value = read()
    except TypeError:
        return "hidden"
    return "nan" if value != value else value


def restored(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether a state is the same but for pages and elements that are there and not known of."""
    for name, old in before.items():
        new = after[name]
        if isinstance(old, bytes):
            if new[: len(old)] != old or any(new[len(old) :]):
                return False
        elif isinstance(old, list):
            if new[: len(old)] != old:
                return False
        elif new != old:
            return False
    return True


class Rewound(Run):
    """Makes the calls, takes them back, and makes them again."""

    def observe(self) -> dict[str, Any]:
        module = self._module_of(b"")
        try:
            instance = WebAssembly.Instance(module, self._imports())
        except (WebAssembly.LinkError, WebAssembly.RuntimeError, WebAssembly.Exception):
            return {"end": "unlinkable"}
        self._exports = instance.exports
        self._named |= {name: self._exports[name] for name in self._exports}
        self._tags = {name: v for name, v in self._named.items() if isinstance(v, WebAssembly.Tag)}
        calls = self._program["calls"]
        first, rest = calls[: len(calls) // 2], calls[len(calls) // 2 :]
        start, beginning = state(self._exports), mark(instance)
        outcomes = [self._outcome(*call) for call in first]
        middle, between = state(self._exports), mark(instance)
        outcomes += [self._outcome(*call) for call in rest]
        end = state(self._exports)
        changed = mark(instance) != beginning
        rollback(instance, between)
        back_in_the_middle = restored(middle, state(self._exports))
        rollback(instance, beginning)
        back_at_the_start = restored(start, state(self._exports))
        again = [self._outcome(*call) for call in calls]
        return {
            "end": "ran",
            "restored": (back_in_the_middle, back_at_the_start),
            "changed": changed,
            "same again": ["exhausts"] in outcomes or outcomes == again,
            "same end": restored(end, state(self._exports)),
        }

    def _outcome(self, name: str, arguments: list[list[str]]) -> list[Any]:
        outcome = self._call(name, arguments)
        return outcome[:1] if outcome[0] in ("traps", "exhausts", "raises") else outcome


@pytest.mark.parametrize("exact", [False, True], ids=["blocks", "exact"])
@pytest.mark.parametrize("generator", GENERATORS)
def test_uc_2_programs_do_what_they_did(generator: str, exact: bool) -> None:
    for seed, program in programs(generator):
        changed = instrument_stores(program.binary, exact=exact, objects=True)
        validate_module(decode_module(changed), Features(), Limits())
        data = program.json()
        right = Run(data, WebAssembly.Module).observe()
        seen = Run(data, always(changed)).observe()
        assert list(differences(program, right, without_added(seen), strict=True)) == [], seed


@pytest.mark.parametrize("exact", [False, True], ids=["blocks", "exact"])
@pytest.mark.parametrize("generator", [name for name in GENERATORS if name != "gc"])
def test_uc_2_a_rollback_gives_the_same_bytes_and_a_replay_the_same_results(
    generator: str, exact: bool
) -> None:
    changed = 0
    for seed, program in programs(generator):
        data = program.json()
        # What the host does besides returning is not in the log.
        data["imports"] = [{**entry, "effects": []} for entry in data["imports"]]
        module = instrument_stores(with_all_exported(program.binary), exact=exact, objects=True)
        seen = Rewound(data, always(module)).observe()
        if seen["end"] == "ran":
            assert seen["restored"] == (True, True), seed
            # Host functions say something else at every call.
            if not any(entry["kind"] == "function" for entry in data["imports"]):
                assert seen["same again"], seed
                assert seen["same end"], seed
            changed += seen["changed"]
    assert changed > (0 if generator in ("handlers", "smith") else PROGRAMS // 4)


@pytest.mark.parametrize("start", [node, bun])
def test_uc_2_programs_do_what_they_did_in_javascript_engines(
    start: Callable[[], ChildEngine | None],
) -> None:
    engine = start()
    if engine is None:
        pytest.skip("the engine is not installed in fuzz/")
    try:
        for generator in ("memories", "atomics", "tables", "vectors"):
            chosen = [p for _, p in programs(generator) if not p.features & engine.lacks]
            as_json = [p.json() for p in chosen]
            right = engine.run_json(as_json)
            changed = [
                Program(instrument_stores(p.binary), p.calls, p.imports).json() for p in chosen
            ]
            for program, a, b in zip(chosen, right, engine.run_json(changed), strict=True):
                assert list(differences(program, a, without_added(b), strict=False)) == []
            assert chosen
    finally:
        engine.close()


COUNTERS = """(module
  (memory $a (import "host" "own") 1 4) (memory $b (export "wide") i64 1 4) (memory $c 1)
  (global $count (export "count") (mut i32) (i32.const 0))
  (global $vector (mut v128) (v128.const i64x2 0 0))
  (table $t (export "table") 4 funcref)
  (elem declare func $tick)
  (func $tick (export "tick") (param i32)
    (i64.store $a offset=8 align=1 (local.get 0) (i64.const 0x0102030405060708))
    (i32.store8 $b (i64.const 65535) (local.get 0))
    (v128.store16_lane $c offset=3 5 (local.get 0) (v128.const i64x2 -1 -1))
    (memory.copy $b $a (i64.const 100) (i32.const 8) (i32.const 30))
    (table.set $t (i32.and (local.get 0) (i32.const 3)) (ref.func $tick))
    (global.set $vector (v128.const i32x4 1 2 3 4))
    (global.set $count (i32.add (global.get $count) (i32.const 1))))
  (func (export "sum") (result i64)
    (i64.add (i64x2.extract_lane 0 (global.get $vector))
             (i64.load $c (i32.const 3)))))"""


@pytest.mark.parametrize("exact", [False, True], ids=["blocks", "exact"])
def test_uc_2_memories_that_are_imported_exported_private_and_wide(exact: bool) -> None:
    memory = WebAssembly.Memory({"initial": 2, "maximum": 3})
    instance = instance_of(COUNTERS, {"host": {"own": memory}}, exact=exact)
    exports = instance.exports
    exports.tick(5)
    before = [bytes(memory.buffer.tobytes()), state(exports), exports.sum()]
    place = mark(instance)
    for k in range(100):
        exports.tick(k)
    assert bytes(memory.buffer.tobytes()) != before[0]
    rollback(instance, place)
    assert [bytes(memory.buffer.tobytes()), state(exports), exports.sum()] == before


def test_uc_2_the_log_says_what_was_where() -> None:
    text = """(module (memory (export "m") 1) (global $g (mut i64) (i64.const 7))
      (func (export "f") (i32.store8 offset=2 (i32.const 3) (i32.const 9))
        (memory.fill (i32.const 16) (i32.const 1) (i32.const 12)) (global.set $g (i64.const 1))))"""
    instance = instance_of(text, exact=True)
    instance.exports.m.buffer.mv[5] = 0x77
    instance.exports.f()
    log = bytes(instance.exports[LOG].buffer.tobytes())[: mark(instance)]
    seen = [(r.kind, r.index, r.address, r.length, r.old) for r in records(log)]
    assert seen == [
        (Kind.GLOBAL, 0, 0, 8, (7).to_bytes(8, "little")),
        (Kind.MEMORY, 0, 16, 12, bytes(12)),
        (Kind.MEMORY, 0, 5, 1, b"\x77"),
    ]


def test_uc_2_a_block_is_saved_once_for_all_stores_since_a_mark() -> None:
    text = """(module (memory 4) (func (export "f") (param i32) (local $n i32)
      (loop $l (i32.store (local.get 0) (local.get $n))
        (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000))))))"""
    instance = instance_of(text)
    first = mark(instance)
    instance.exports.f(500)
    once = mark(instance) - first
    assert 0 < once < 200
    instance.exports.f(500)
    assert mark(instance) - first == 2 * once


def test_uc_2_a_store_across_blocks_and_pages_is_undone() -> None:
    text = """(module (memory (export "m") 2) (func (export "f") (param i32)
      (v128.store align=1 (local.get 0) (v128.const i64x2 -1 -1))))"""
    instance = instance_of(text)
    memory = instance.exports.m
    memory.buffer.mv[:] = bytes(range(256)) * 512
    before = bytes(memory.buffer.tobytes())
    for address in (0, 113, 120, 127, 65528, 65535, 131056):
        place = mark(instance)
        instance.exports.f(address)
        instance.exports.f(max(address - 16, 0))
        rollback(instance, place)
        assert bytes(memory.buffer.tobytes()) == before
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
        instance.exports.f(131057)
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
        instance.exports.f(-1)
    assert bytes(memory.buffer.tobytes()) == before


GROWING = """(module (memory (export "m") 1 5) (table $t (export "t") 1 8 funcref)
  (func (export "size") (result i32) (memory.size)) (func (export "grow") (param i32) (result i32)
    (memory.grow (local.get 0)))
  (func (export "elements") (result i32) (table.size $t)) (func (export "more") (param i32) (result i32)
    (table.grow $t (ref.func 0) (local.get 0)))
  (func (export "put") (param i32) (i32.store (local.get 0) (i32.const -1)))
  (func (export "get") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "is_null") (param i32) (result i32) (ref.is_null (table.get $t (local.get 0)))))"""


def test_uc_2_after_a_rollback_over_growth_the_program_sees_the_old_size() -> None:
    instance = instance_of(GROWING)
    e = instance.exports
    place = mark(instance)
    assert (e.grow(2), e.size(), e.more(3), e.elements()) == (1, 3, 1, 4)
    e.put(2 * 65536)
    rollback(instance, place)
    assert (e.size(), e.elements(), e.m.buffer.byteLength) == (1, 1, 3 * 65536)
    assert e.is_null(3) == 1
    # The same again, and then beyond what is there: up to the maximum, not further.
    assert (e.grow(1), e.grow(2), e.size(), e.m.buffer.byteLength) == (1, 2, 4, 4 * 65536)
    assert e.get(2 * 65536) == 0
    assert (e.grow(2), e.grow(1), e.grow(1)) == (-1, 4, -1)
    assert (e.more(5), e.elements(), e.is_null(5), e.more(3)) == (1, 6, 0, -1)


def test_uc_2_a_dropped_segment_comes_back() -> None:
    text = """(module (memory (export "m") 1) (data $d "hello") (table $t 4 funcref) (elem $e func 0)
      (func (export "init") (param i32 i32) (memory.init $d (i32.const 0) (local.get 0) (local.get 1))
        (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1)))
      (func (export "none") (memory.init $d (i32.const 0) (i32.const 0) (i32.const 0)))
      (func (export "drop") (data.drop $d) (elem.drop $e)))"""
    instance = instance_of(text)
    e = instance.exports
    place = mark(instance)
    e.drop()
    e.none()
    for offset, count in ((0, 5), (0, 1), (1, 0)):
        with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
            e.init(offset, count)
    rollback(instance, place)
    e.init(0, 5)
    assert bytes(e.m.buffer.mv[:5]) == b"hello"


def test_uc_2_a_dropped_segment_comes_back_for_arrays_too() -> None:
    text = """(module (type $a (array (mut i8))) (data $d "hello")
      (func (export "new") (param i32 i32) (result i32)
        (array.get_u $a (array.new_data $a $d (local.get 0) (local.get 1)) (i32.const 0)))
      (func (export "drop") (data.drop $d)))"""
    instance = instance_of(text)
    e = instance.exports
    place = mark(instance)
    assert e.new(1, 2) == ord("e")
    e.drop()
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
        e.new(1, 2)
    rollback(instance, place)
    assert e.new(4, 1) == ord("o")


def test_uc_2_discarded_bytes_come_back() -> None:
    text = """(module (memory (export "m") 2) (func (export "f") (param i32)
      (memory.discard (local.get 0) (i32.const 65536))))"""
    features = Features(memory_control=True)
    data = instrument_stores(wat2wasm(text))
    instance = WebAssembly.Instance(WebAssembly.Module(data, features=features))
    memory = instance.exports.m
    memory.buffer.mv[:] = b"x" * 131072
    place = mark(instance)
    instance.exports.f(65536)
    assert bytes(memory.buffer.tobytes()) == b"x" * 65536 + bytes(65536)
    rollback(instance, place)
    assert bytes(memory.buffer.tobytes()) == b"x" * 131072


def test_uc_2_references_in_globals_and_tables_are_restored() -> None:
    text = """(module (global $g (export "g") (mut externref) (ref.null extern)) (table $t (export "t") 40 externref)
      (func (export "set") (param externref) (global.set $g (local.get 0))
        (table.set $t (i32.const 3) (local.get 0))
        (table.fill $t (i32.const 5) (local.get 0) (i32.const 30))
        (table.copy $t $t (i32.const 4) (i32.const 3) (i32.const 30))))"""
    instance = instance_of(text)
    e = instance.exports
    e.set("one")
    before = state(e)
    place = mark(instance)
    e.set("two")
    e.set(null)
    rollback(instance, place)
    assert state(e) == before
    e.set("three")
    forget(instance)
    assert mark(instance) == 0
    assert e.g.value == "three"


def test_uc_2_a_log_that_is_full_traps_before_the_store() -> None:
    text = """(module (memory (export "m") 2) (func (export "fill") (param i32 i32)
      (memory.fill (i32.const 0) (local.get 0) (local.get 1))))"""
    instance = instance_of(text, log_pages=1)
    instance.exports.fill(1, 40000)
    with pytest.raises(WebAssembly.RuntimeError, match="unreachable"):
        instance.exports.fill(2, 40000)
    assert bytes(instance.exports.m.buffer.mv[:40001]) == b"\1" * 40000 + b"\0"
    forget(instance)
    instance.exports.fill(2, 40000)
    assert instance.exports.m.buffer.mv[0] == 2


def test_uc_2_what_is_no_mark_is_refused() -> None:
    instance = instance_of(GROWING)
    instance.exports.put(0)
    for wrong in (mark(instance) + 1, mark(instance) - 1):
        with pytest.raises(WebAssembly.RuntimeError, match="unreachable"):
            rollback(instance, wrong)


def test_uc_2_modules_that_cannot_be_instrumented_say_why() -> None:
    data = wat2wasm("""(module (type $s (struct (field (mut i32))))
      (func (param (ref $s)) (struct.set $s 0 (local.get 0) (i32.const 1))))""")
    with pytest.raises(ToolError, match=r"struct.set writes an object.*function #0, at offset"):
        instrument_stores(data)
    assert instrument_stores(data, objects=True) != data
    with pytest.raises(ToolError, match=r"export 'tangle.log' already"):
        instrument_stores(instrument_stores(wat2wasm("(module)")))
    with pytest.raises(ToolError, match="101, and engines allow 100"):
        instrument_stores(wat2wasm(f"(module {'(memory 0)' * 100})"))
    with pytest.raises(ToolError, match="1 to 32767 pages, not 0"):
        instrument_stores(wat2wasm("(module)"), log_pages=0)
    with pytest.raises(ToolError, match=r"no export 'tangle.mark'.*instrument_stores"):
        mark(WebAssembly.Instance(WebAssembly.Module(wat2wasm("(module)"))))


def test_uc_2_names_and_hints_go_with_the_code() -> None:
    text = """(module $m (memory 1) (func $first (param i32) (i32.store (local.get 0) (i32.const 1))
      (i32.store (local.get 0) (i32.const 1)) (if (local.get 0) (then (i32.store (i32.const 0) (i32.const 1))))))"""
    module = decode_module(wat2wasm(text))
    hints = bytes([1, 0, 1, _offset_of_if(module), 1, 1])
    module.customs.append(Custom("metadata.code.branch_hint", hints, "datacount"))
    changed = decode_module(instrument_stores(encode_module(module)))
    names = names_of(changed).funcs
    assert names[0] == "first"
    assert ROLLBACK in names.values()
    (section,) = [custom.data for custom in changed.customs if "hint" in custom.name]
    last_if = _offset_of_if(changed)
    assert last_if > 60
    assert section == bytes([1, 0, 1]) + unsigned(last_if) + bytes([1, 1])


def _offset_of_if(module: Module) -> int:
    """Offset in the first function's code of the branch on its parameter alone."""
    code = module.funcs[0].code
    assert isinstance(code, BinaryCode)
    body = code.load().body
    get = (BY_MNEMONIC["local.get"], 0)
    (position,) = [k for k, i in enumerate(body) if i[0].mnemonic == "if" and body[k - 1] == get]
    return code.offset_of(position) - code.start
