"""The custom section ``pyjsapi.memory-map`` (option 2), and memories that a host makes for a module."""

from __future__ import annotations

import asyncio
import json
import subprocess
import warnings
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import RangeError, Uint8Array, WebAssembly, wat2wasm
from pyjsapi.blocks import paging
from pyjsapi.sharing import HostResource, MemoryMapWarning
from pyjsapi.sharing.memory_map import Entry, MemoryMap, Protection, parse

PAGE = 65536


def _section(contents: Any) -> str:
    text = contents if isinstance(contents, str) else json.dumps(contents)
    return '(@custom "pyjsapi.memory-map" "{}")'.format(text.replace('"', "\\22"))


def _module(contents: Any, fields: str, **options: Any) -> WebAssembly.Module:
    return WebAssembly.Module(wat2wasm(f"(module {_section(contents)} {fields})"), **options)


def _entry(**members: Any) -> dict[str, Any]:
    return {"version": 1, "memories": [{"memory": 1, "resource": "sensor-bank", **members}]}


def _resource(kind: str, size: int) -> HostResource:
    return HostResource.buffer(bytearray(size)) if kind == "buffer" else HostResource.memfd(size)


FIELDS = """(memory 1) (memory (export "bank") 2 2)
  (global $seen (export "seen") (mut i32) (i32.const 0))
  (func $start (global.set $seen (i32.load 1 (i32.const 16)))
    (i32.store 1 (i32.const 20) (i32.const 77)))
  (start $start)
  (func (export "load") (param i32) (result i32) (i32.load 1 (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store 1 (local.get 0) (local.get 1)))
  (func (export "grow") (result i32) (memory.grow 1 (i32.const 1)))"""


@pytest.mark.parametrize("kind", ["memfd", "buffer", "memfd, and no files in memory"])
def test_o2_1_the_start_function_sees_the_resource(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind.endswith("no files in memory"):
        monkeypatch.setattr(paging, "paging", lambda: None)
    resource = _resource(kind, PAGE)
    resource.write(16, (1234567).to_bytes(4, "little"))
    module = _module(_entry(offset=0, length=PAGE, at=0, mode="rw", required=True), FIELDS)
    instance = WebAssembly.Instance(module, resources={"sensor-bank": resource})
    assert instance.exports.seen.value == 1234567
    assert resource.read(20, 4) == (77).to_bytes(4, "little")
    resource.write(24, b"\5\0\0\0")
    assert (instance.exports.load(24), instance.exports.load(PAGE)) == (5, 0)
    (mapping,) = instance.exports.bank.mappings
    assert (mapping.zero_copy, mapping.addr, mapping.length) == (True, 0, PAGE)
    assert instance.exports.bank.stats.bytes_copied == 0


def test_o2_2_a_required_resource_that_is_missing_is_named() -> None:
    module = _module(_entry(), FIELDS)
    for resources in (None, {}, {"other": bytearray(8)}):
        with pytest.raises(WebAssembly.LinkError, match=r"resource 'sensor-bank'.*missing"):
            WebAssembly.Instance(module, resources=resources)
    with pytest.raises(WebAssembly.LinkError, match="missing"):
        asyncio.run(WebAssembly.instantiate(module))


def test_o2_2_an_optional_one_that_is_missing_leaves_a_plain_memory() -> None:
    instance = WebAssembly.Instance(_module(_entry(required=False), FIELDS))
    assert (instance.exports.seen.value, instance.exports.load(20)) == (0, 77)
    assert instance.exports.bank.mappings == ()


def test_o2_3_other_hosts_ignore_the_section(tmp_path: Path) -> None:
    path = tmp_path / "module.wasm"
    # Its memory is the first: Node 20 has one memory in a module.
    path.write_bytes(
        wat2wasm(
            f"""(module {_section({"version": 1, "memories": [{"memory": 0, "resource": "r"}]})}
              (memory 1) (func (export "f") (result i32) (i32.load (i32.const 0))))"""
        )
    )
    script = """const { instance } = await WebAssembly.instantiate(require("fs").readFileSync(process.argv[1]));
      process.stdout.write(String(instance.exports.f()));"""
    done = subprocess.run(
        ["node", "-e", f"(async () => {{ {script} }})()", str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "0"


def test_o2_5_a_mapped_memory_of_fixed_size_does_not_grow() -> None:
    resource = HostResource.memfd(2 * PAGE)
    instance = WebAssembly.Instance(_module(_entry(), FIELDS), resources={"sensor-bank": resource})
    assert instance.exports.grow() == -1
    instance.exports.store(2 * PAGE - 4, -1)
    assert resource.read(2 * PAGE - 4, 4) == b"\xff" * 4


def test_a_mapping_survives_the_growth_of_its_memory() -> None:
    resource = HostResource.memfd(PAGE)
    fields = FIELDS.replace("2 2)", "2 5)")
    instance = WebAssembly.Instance(_module(_entry(), fields), resources={"sensor-bank": resource})
    assert instance.exports.grow() == 2
    instance.exports.store(8, 9)
    assert resource.read(8, 1) == b"\t" and instance.exports.load(2 * PAGE) == 0


def test_active_segments_are_written_into_the_resource_and_not_into_a_read_only_one() -> None:
    fields = FIELDS + '(data (memory 1) (i32.const 40) "segment")'
    resource = HostResource.memfd(PAGE)
    WebAssembly.Instance(_module(_entry(), fields), resources={"sensor-bank": resource})
    assert resource.read(40, 7) == b"segment"
    other = HostResource.memfd(PAGE)
    with pytest.raises(WebAssembly.RuntimeError, match="read-only"):
        WebAssembly.Instance(_module(_entry(mode="r"), fields), resources={"sensor-bank": other})
    assert other.read(40, 7) == bytes(7)


def test_modes_sub_ranges_and_exported_names() -> None:
    contents = {
        "version": 1,
        "memories": [
            {"memory": "bank", "resource": "a", "at": PAGE, "length": 100, "mode": "r"},
            {"memory": 1, "resource": "a", "offset": 100, "length": 50, "mode": "cow"},
            {"memory": 0, "resource": "b", "at": 10},
        ],
    }
    a, b = bytearray(range(200)), bytearray(b"bytes")
    fields = FIELDS.replace("(i32.const 20) (i32.const 77)", "(i32.const 400) (i32.const 77)")
    fields += '(export "first" (memory 0))'
    exports = WebAssembly.Instance(_module(contents, fields), resources={"a": a, "b": b}).exports
    assert exports.load(PAGE + 4) == int.from_bytes(a[4:8], "little")
    with pytest.raises(WebAssembly.RuntimeError, match="read-only"):
        exports.store(PAGE, 1)
    exports.store(0, 0)
    assert exports.load(0) == 0 and a[100:104] == bytes(range(100, 104))
    assert exports.first.view("B", 10, 5) == b"bytes"
    assert [mapping.mode for mapping in exports.bank.mappings] == ["r", "cow"]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"length": 2 * PAGE + 1}, "131073 bytes at 0: the memory has 131072 bytes"),
        ({"at": 2 * PAGE, "length": 1}, "1 bytes at 131072"),
        ({"offset": 3 * PAGE}, "resource"),
        ({"length": PAGE, "offset": 3 * PAGE - 8}, "resource"),
    ],
)
def test_what_does_not_fit_is_a_link_error(members: dict[str, Any], message: str) -> None:
    resource = HostResource.buffer(bytearray(3 * PAGE - 1))
    with pytest.raises(WebAssembly.LinkError, match=message):
        WebAssembly.Instance(
            _module(_entry(**members), FIELDS), resources={"sensor-bank": resource}
        )


def test_a_resource_of_no_kind_is_a_link_error() -> None:
    with pytest.raises(WebAssembly.LinkError, match="resource 'sensor-bank'"):
        WebAssembly.Instance(_module(_entry(), FIELDS), resources={"sensor-bank": 7})
    with pytest.raises(WebAssembly.LinkError, match="read-only"):
        WebAssembly.Instance(_module(_entry(), FIELDS), resources={"sensor-bank": bytes(PAGE)})


def test_cs_1_a_larger_memory_has_room_for_a_larger_resource() -> None:
    fields = FIELDS.replace("2 2)", "2)")
    resource = HostResource.memfd(40 * PAGE)
    instance = WebAssembly.Instance(
        _module(_entry(), fields),
        resources={"sensor-bank": resource},
        memory_overrides={"bank": {"minimum": 40}},
    )
    instance.exports.store(40 * PAGE - 4, 5)
    assert resource.read(40 * PAGE - 4, 1) == b"\5"


def test_an_imported_memory_can_be_mapped_into() -> None:
    fields = """(memory (import "m" "mem") 1) (func (export "f") (result i32) (i32.load (i32.const 0)))"""
    contents = {"version": 1, "memories": [{"memory": 0, "resource": "r"}]}
    memory = WebAssembly.Memory(initial=1)
    resource = bytearray(b"\7\0\0\0")
    module = _module(contents, fields)
    instance = WebAssembly.Instance(module, {"m": {"mem": memory}}, resources={"r": resource})
    assert instance.exports.f() == 7
    with pytest.raises(WebAssembly.LinkError, match="overlap"):
        WebAssembly.Instance(module, {"m": {"mem": memory}}, resources={"r": resource})


# ---- static protection


PROTECTED = """(memory 4 6) (data (i32.const 65540) "rodata")
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "store") (param i32) (i32.store8 (local.get 0) (i32.const 1)))
  (func (export "size") (result i32) (memory.size))"""


def test_p_1_p_2_pages_are_protected_from_when_segments_are_written() -> None:
    contents = {"version": 1, "protect": [{"memory": 0, "noAccess": 1, "readOnly": 2}]}
    exports = WebAssembly.Instance(_module(contents, PROTECTED)).exports
    assert (exports.size(), exports.load(65540)) == (4, ord("r"))
    exports.store(3 * PAGE)
    for call, address in ((exports.load, 0), (exports.store, PAGE), (exports.store, 3 * PAGE - 1)):
        with pytest.raises(WebAssembly.RuntimeError):
            call(address)


def test_the_host_may_say_itself_what_a_memory_is_made_with() -> None:
    contents = {"version": 1, "protect": [{"memory": 0, "noAccess": 1}]}
    module = _module(contents, PROTECTED)
    exports = WebAssembly.Instance(module, memory_overrides={0: {"storage": "heap"}}).exports
    assert exports.load(0) == 0
    exports = WebAssembly.Instance(module, memory_overrides={0: {"minimum": 6}}).exports
    assert exports.size() == 6
    with pytest.raises(WebAssembly.RuntimeError):
        exports.load(0)
    backing = bytearray(4 * PAGE)
    exports = WebAssembly.Instance(module, memory_overrides={0: {"backing": backing}}).exports
    exports.store(9)
    assert (backing[9], bytes(backing[65540:65546])) == (1, b"rodata")
    with pytest.raises((RangeError, TypeError), match="storage"):
        WebAssembly.Instance(module, memory_overrides={0: {"storage": "cellar"}})


# ---- sections that say nothing


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "must be an object"),
        ({"version": 2}, "version 2 is unknown"),
        ({"version": True}, "version True is unknown"),
        ({"version": 1, "memory": []}, "did you mean 'memories'"),
        ({"version": 1, "memories": {}}, "'memories' must be an array"),
        ({"version": 1, "memories": [1]}, r"memories\[0\] must be an object"),
        (_entry(memory=2), "there is no memory 2"),
        (_entry(memory="nothing"), "there is no memory 'nothing'"),
        (_entry(memory=True), "there is no memory True"),
        (_entry(resource=7), "'resource' must be a name"),
        (_entry(mode="w"), "'mode' must be one of rw, r, cow"),
        (_entry(at=-1), "'at' must be a number from 0 on"),
        (_entry(length=1.5), "'length' must be a number"),
        (_entry(required="no"), "'required' must be true or false"),
        (_entry(offsett=1), "did you mean 'offset'"),
        ({"version": 1, "protect": [{"memory": 0, "noAccess": 2}]}, "2 pages: the memory has 1"),
    ],
)
def test_a_malformed_section_is_ignored_with_a_warning(contents: Any, reason: str) -> None:
    module = _module(contents, FIELDS)
    with pytest.warns(MemoryMapWarning, match=reason):
        instance = WebAssembly.Instance(module)
    assert instance.exports.seen.value == 0


def test_a_section_of_other_bytes_is_ignored_with_a_warning() -> None:
    data = wat2wasm('(module (@custom "pyjsapi.memory-map" "\\ff") (memory 1))')
    with pytest.warns(MemoryMapWarning, match="no JSON"):
        WebAssembly.Instance(WebAssembly.Module(data))


def test_the_feature_can_be_off() -> None:
    module = _module(_entry(), FIELDS, features={"memory_map_section": False})
    with pytest.warns(MemoryMapWarning, match=r"Features\.memory_map_section"):
        WebAssembly.Instance(module)


def test_a_section_that_protects_an_imported_or_a_shared_memory_is_malformed() -> None:
    contents = {"version": 1, "protect": [{"memory": 0, "readOnly": 1}]}
    shared = _module(contents, "(memory 1 1 shared)")
    with pytest.warns(MemoryMapWarning, match="a shared memory"):
        WebAssembly.Instance(shared)
    imported = _module(contents, '(memory (import "m" "mem") 1)')
    with pytest.warns(MemoryMapWarning, match="is imported"):
        WebAssembly.Instance(imported, {"m": {"mem": WebAssembly.Memory(initial=1)}})


def test_a_section_is_parsed_into_plain_values() -> None:
    contents = _entry(at=8, length=1) | {"protect": [{"memory": "bank", "readOnly": 1}]}
    module = _module(contents, FIELDS)
    found = parse(json.dumps(contents).encode(), module._compiled)
    assert found == MemoryMap(
        (Entry(1, "sensor-bank", 0, 1, 8, "rw", True),), (Protection(1, 0, 1),)
    )


def test_modules_without_the_section_warn_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        WebAssembly.Instance(
            WebAssembly.Module(wat2wasm("(module (memory 1))")), resources={"a": 1}
        )


def test_a_number_of_too_many_digits_is_malformed() -> None:
    module = _module('{"version": 1, "memories": [{"memory": ' + "1" * 5000 + "}]}", FIELDS)
    with pytest.warns(MemoryMapWarning, match="ignored"):
        WebAssembly.Instance(module)


def test_several_sections_are_all_applied() -> None:
    sections = [
        {"version": 1, "memories": [{"memory": 0, "resource": name, "at": at}]}
        for name, at in (("a", 0), ("b", 8))
    ]
    text = "".join(map(_section, sections))
    module = WebAssembly.Module(wat2wasm(f'(module {text} (memory (export "m") 1))'))
    given = {"a": bytearray(b"one"), "b": bytearray(b"two")}
    result = asyncio.run(WebAssembly.instantiate(module, resources=given))
    assert bytes(Uint8Array(result.exports.m.buffer, 0, 11)) == b"one\0\0\0\0\0two"
