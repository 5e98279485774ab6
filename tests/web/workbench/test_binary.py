"""What the page reads in a binary module by itself is what the package's decoder finds in it."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.names import names_of
from pyjsapi.cli.inspection import facts
from pyjsapi.syntax.module import Active
from web import catalogue, js_catalogue
from web.workbench import site

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
Read = Callable[[list[bytes]], list[dict[str, Any]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """What the page reads in each of some modules."""
    for name, target in (("static", "web/static"), ("polyfill", "polyfill")):
        (tmp_path / name).symlink_to(ROOT / target)
    codes = {row["code"]: row["feature"] for row in site.instructions() if row["feature"]}

    def read(modules: list[bytes]) -> list[dict[str, Any]]:
        lines = [json.dumps(codes), *(base64.b64encode(data).decode() for data in modules)]
        command = ["node", "--preserve-symlinks", str(HERE / "read_modules.mjs"), str(tmp_path)]
        done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return read


def modules_of_the_catalogue() -> dict[str, bytes]:
    """All valid modules of the comparison cases and of the examples, each once."""
    found: dict[str, bytes] = {}
    seen: set[bytes] = set()
    cases: list[catalogue.Case | js_catalogue.JsCase] = [*catalogue.load(), *js_catalogue.load()]
    for case in cases:
        for name, text in case.to_json()["modules"].items():
            data = base64.b64decode(text)
            if data not in seen and WebAssembly.validate(data):
                seen.add(data)
                found[f"{case.id}/{name}"] = data
    found["entries of several imports"] = wat2wasm(
        """(module (import "m" (item "f" (func (param i32))) (item "mem" (memory 1 2)))
          (import "m" (item "a") (item "b") (global i64)) (func (call 0 (i32.const 1))))"""
    )
    for example in site.examples():
        if "bytes" in example:
            found[example["name"]] = base64.b64decode(example["bytes"])
    return found


def test_sections_names_types_and_features_are_those_of_the_decoder(read: Read) -> None:
    modules = modules_of_the_catalogue()
    assert len(modules) > 200
    for (name, data), page in zip(modules.items(), read(list(modules.values())), strict=True):
        expected = facts(WebAssembly.Module(data))
        assert page["problem"] == "", name
        sections = [
            (one["name"], one.get("title", ""), one["bytes"]) for one in expected["sections"]
        ]
        assert [(one["name"], one["title"], one["size"]) for one in page["sections"]] == sections, name  # fmt: skip
        for kind in ("memories", "tables"):
            texts = [one["text"] for one in expected[kind]]
            assert [one["text"] for one in page[kind]] == texts, name
        assert len(page["functions"]) == expected["functions"], name
        assert page["features"] == sorted(expected["features"]), name
        compare_with_decoded(name, data, page)


def compare_with_decoded(name: str, data: bytes, page: dict[str, Any]) -> None:
    module = decode_module(data)
    names = names_of(module)
    imports = [(one.module, one.name) for one in module.imports]
    assert [(one["module"], one["name"]) for one in page["imports"]] == imports, name
    exports = [(one.name, one.kind, one.index) for one in module.exports]
    assert [(one["name"], one["kind"], one["index"]) for one in page["exports"]] == exports, name
    defined = page["functions"][page["importedFunctions"] :]
    assert defined == [func.typeidx for func in module.funcs], name
    codes: list[Any] = [func.code for func in module.funcs]
    bodies = zip(page["bodies"], page["bodySizes"], strict=True)
    assert [(start, start + size) for start, size in bodies] == [(c.start, c.end) for c in codes]
    assert dict(page["names"]["functions"]) == names.funcs, name
    assert page["start"] == module.start, name
    assert page["elements"] == len(module.elems), name
    contents = [data[one["start"] : one["start"] + one["size"]] for one in page["datas"]]
    assert contents == [one.init for one in module.datas], name
    modes = [one.mode.index if isinstance(one.mode, Active) else None for one in module.datas]
    assert [o["memory"] if o["mode"] == "active" else None for o in page["datas"]] == modes, name


def test_types_are_spelt_as_in_messages(read: Read) -> None:
    text = """(module
      (type $p (struct (field i32) (field (mut f64)))) (type (array (mut i8)))
      (import "a" "f" (func (param i32 f64) (result v128)))
      (import "a" "g" (global (mut i64))) (import "a" "t" (tag (param i32)))
      (import "a" "m" (memory i64 1 2)) (import "a" "e" (table 1 2 externref))
      (func (param (ref $p) (ref null $p) nullref anyref (ref func))))"""
    (page,) = read([wat2wasm(text)])
    assert [one["text"] for one in page["imports"]] == [
        "func [i32 f64] -> [v128]",
        "(global (mut i64))",
        "tag [i32] -> []",
        "(memory i64 1 2)",
        "(table 1 2 externref)",
    ]
    assert [one["text"] for one in page["types"]] == [
        "(struct (field i32) (field (mut f64)))",
        "(array (mut i8))",
        "[i32 f64] -> [v128]",
        "[i32] -> []",
        "[(ref 0) (ref null 0) nullref anyref (ref func)] -> []",
    ]


def test_a_module_that_is_cut_off_anywhere_shows_what_comes_before(read: Read) -> None:
    whole = wat2wasm(
        '(module (import "a" "b" (func)) (memory (export "m") 1) (func (export "f") (nop))'
        ' (data (i32.const 8) "text"))'
    )
    pages = read([whole[:end] for end in range(8, len(whole))])
    ends = {8 + sum(part) for part in _boundaries(whole)}
    for end, page in enumerate(pages, 8):
        if end not in ends:
            assert "cut off" in page["problem"], end
        if page["sections"]:
            assert page["sections"][0]["name"] == "type"
    assert pages[-1]["imports"][0]["name"] == "b"
    assert [one["name"] for one in pages[-1]["exports"]] == ["m", "f"]


def _boundaries(data: bytes) -> list[list[int]]:
    sizes = [one["bytes"] + 2 for one in facts(WebAssembly.Module(data))["sections"]]
    return [sizes[:k] for k in range(len(sizes))]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\x63\x00", "there is no section with the id 99 (at offset 0x8)"),
        (b"\x01\x04\x01\x60\x00\x42", "what the type section says here is not known"),
        (b"\x01\x05\x01\x60\x00\x00\x00", "the type section says that it ends elsewhere"),
        (b"\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00", "the module declares 1 function and has code for 0"),
    ],
)  # fmt: skip
def test_what_is_malformed_is_said_with_its_place(read: Read, data: bytes, problem: str) -> None:
    (page,) = read([b"\0asm\1\0\0\0" + data])
    assert page["problem"].startswith(problem)


def test_names_of_functions_are_read(read: Read) -> None:
    functions = "".join(f"(func $f{k})" for k in range(1000))
    (page,) = read([wat2wasm(f"(module {functions})")])
    assert page["names"]["functions"][999] == [999, "f999"]
