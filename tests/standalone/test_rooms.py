"""What compiled modules carry: enough, and no more than that, and under no name of its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import pyjsapi
from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.standalone import rooms
from pyjsapi.standalone.rooms import carried, copy_name, relative
from pyjsapi.standalone.writing import LICENSE

PLAIN = "(module)"
PROGRAM = """(module (import "wasi_snapshot_preview1" "sched_yield" (func (result i32))))"""
THREADED = """(module (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
  (import "wasi" "thread-spawn" (func (param i32) (result i32))))"""
MAPPED = '(module (@custom "pyjsapi.memory-map" "\\01\\00"))'
ALWAYS = ["__init__.py", "standalone/python_module.py", "engines/python.py"]
"""What is imported with every module."""
NEVER = {
    # For modules that were made from a text in the same process.
    ("embedding/valid_module.py", "text"),
    # What only the package of this name has.
    ("__init__.py", "bridge"),
    ("__init__.py", "agents"),
    # Compiled modules have no `promising`, within which alone calls are suspended.
    ("jsapi/promising.py", "suspension"),
    # Nor may they switch stacks: they are compiled with the features that are on by default.
    ("compiler/environment.py", "suspension"),
    ("engines/python.py", "suspension"),
    # Asked for by the environment of pyjsapi itself.
    ("compiler/function.py", "compiler.proof"),
}
"""Imports in functions, or under conditions, that no compiled module comes to: a file, and the beginning of a name."""
PLAINLY = {
    ("standalone/python_module.py", "wasi"),
    ("__init__.py", "sharing"),
    ("wasi/wasi.py", "wasi.threads"),
}
"""And that only those come to that are carried what it takes."""


def files(text: str) -> dict[str, bytes]:
    return carried(WebAssembly.Module(wat2wasm(text)))


def imported(path: str, source: bytes) -> Iterator[str]:
    """What a file imports of the package, at once or later; not what is for type checkers."""
    todo: list[ast.AST] = [ast.parse(source)]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = path.split("/")[: -node.level]
            assert path.count("/") + 1 >= node.level
            base = ".".join([*folder, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{base}.{alias.name}".lstrip(".")
        todo += ast.iter_child_nodes(node)


def file_of(given: dict[str, bytes], name: str) -> str | None:
    """The file of a module, or of the one that has a thing of this name."""
    for each in (name, name.rpartition(".")[0]):
        stem = each.replace(".", "/")
        for path in (f"{stem}.py", f"{stem}/__init__.py" if stem else "__init__.py"):
            if path in given:
                return path
    return None


def skipped(edges: set[tuple[str, str]], path: str, name: str) -> bool:
    return any(path == one and f"{name}.".startswith(f"{start}.") for one, start in edges)


@pytest.mark.parametrize(
    ("text", "roots"),
    [
        (PLAIN, []),
        (PROGRAM, ["wasi/__init__.py"]),
        (THREADED, ["wasi/threads.py"]),
        (MAPPED, ["sharing/memory_map.py", "sharing/control.py"]),
    ],
)
def test_all_that_is_imported_is_there(text: str, roots: list[str]) -> None:
    given = files(text)
    todo = [*ALWAYS, *roots]
    reached: set[str] = set()
    while todo:
        path = todo.pop()
        if path in reached:
            continue
        reached.add(path)
        for name in imported(path, given[path]):
            if skipped(NEVER | PLAINLY, path, name):
                continue
            found = file_of(given, name)
            assert found is not None, f"{path} imports {name}"
            todo.append(found)
    assert len(reached) > 150


@pytest.mark.parametrize(
    ("text", "more"),
    [(PLAIN, set()), (PROGRAM, {"wasi"}), (THREADED, {"wasi", "agents"}), (MAPPED, {"sharing"})],
)
def test_rooms_are_carried_where_they_are_needed(text: str, more: set[str]) -> None:
    given = {path.partition("/")[0] for path in files(text) if "/" in path}
    assert given == {*rooms._BASE, *more}
    assert not {"bridge", "cli", "lowering", "text", "tools", "wast"} & given


def test_no_file_knows_the_name_of_the_package() -> None:
    for path, source in files(THREADED).items():
        tree = ast.parse(source)
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names.append(node.module or "")
            if isinstance(node, ast.Name):
                names.append(node.id)
            assert not [name for name in names if name.partition(".")[0] == "pyjsapi"], path


def test_nothing_but_imports_is_changed() -> None:
    package = Path(pyjsapi.__file__).parent
    for path, source in files(THREADED).items():
        before = (package / path).read_text("utf-8").splitlines()
        after = source.decode().splitlines()
        assert len(before) == len(after)
        for one, other in zip(before, after, strict=True):
            assert one == other or re.match(r" *(from|import) pyjsapi", one), path


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a.py", "from pyjsapi.b.c import d", "from .b.c import d"),
        ("a/__init__.py", "    from pyjsapi.a.c import (", "    from ..a.c import ("),
        ("a/b/c.py", "from pyjsapi import engines", "from ... import engines"),
        ("a/b.py", "import pyjsapi.a.c  # noqa", "from ..a import c  # noqa"),
        ("a.py", "from pyjsapi_other import x", "from pyjsapi_other import x"),
        ("a.py", "text = 'from pyjsapi.b import c'", "text = 'from pyjsapi.b import c'"),
    ],
)
def test_imports_become_relative(path: str, before: str, after: str) -> None:
    assert relative(path, f"{before}\n") == f"{after}\n"


def test_the_name_says_what_is_in_it() -> None:
    assert re.fullmatch(r"_pyjsapi_[0-9a-f]{16}", copy_name())


def test_the_licence_is_that_of_the_project() -> None:
    root = Path(pyjsapi.__file__).parents[1]
    assert (root / "LICENSE").read_text() == LICENSE


def test_bytecode_alone_is_not_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "__init__.pyc").touch()
    monkeypatch.setattr(rooms, "files", lambda _: tmp_path)
    rooms._sources.cache_clear()
    with pytest.raises(rooms.NoSources):
        copy_name()
    rooms._sources.cache_clear()
