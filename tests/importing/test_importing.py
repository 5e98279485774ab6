"""Modules of WebAssembly as Python modules: what is found, what they have, and in which order things happen."""

from __future__ import annotations

import importlib
import importlib.resources
import importlib.util
import inspect
import pickle
import runpy
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import RangeError, WebAssembly, importing, wat2wasm

COUNTER = """(module
  (global $n (export "count") (mut i32) (i32.const 5))
  (global (export "step") i64 (i64.const -2))
  (global (export "lanes") v128 (v128.const i64x2 1 2))
  (memory (export "memory") 1)
  (table (export "table") 2 funcref)
  (tag (export "tag"))
  (func (export "inc") (result i32)
    (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
  (func (export "not a name"))
  (func (export "_hidden"))
  (func (export "__name__")))"""


class Folder:
    """A folder on the search path, and what is written to it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def wasm(self, name: str, text: str) -> None:
        self.file(f"{name}.wasm", wat2wasm(text))

    def file(self, name: str, data: bytes | str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        importlib.invalidate_caches()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    """With the hook, and nothing left of what was imported."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    with importing.install():
        yield Folder(tmp_path)
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def load(name: str) -> Any:
    return importlib.import_module(name)


def test_exports_are_attributes(folder: Folder) -> None:
    folder.wasm("counter_a", COUNTER)
    counter = load("counter_a")
    assert isinstance(counter, importing.WasmModule)
    assert counter.__name__ == "counter_a"
    assert counter.__file__ == str(folder.path / "counter_a.wasm")
    assert counter.inc() == 6
    assert counter.step == -2
    assert isinstance(counter.memory, WebAssembly.Memory)
    assert isinstance(counter.table, WebAssembly.Table)
    assert isinstance(counter.tag, WebAssembly.Tag)
    assert callable(getattr(counter, "not a name"))
    assert {"count", "inc", "memory"} <= set(dir(counter))
    assert counter.__all__ == ["count", "step", "memory", "table", "tag", "inc"]


def test_mutable_globals_are_live(folder: Folder) -> None:
    folder.wasm("counter_b", COUNTER)
    counter = load("counter_b")
    assert counter.count == 5
    counter.inc()
    assert counter.count == 6
    counter.count = 40
    assert counter.inc() == 41
    exports = importing.namespace_instance(counter).exports
    assert isinstance(exports.count, WebAssembly.Global)
    exports.count.value = 1
    assert counter.count == 1
    with pytest.raises(TypeError, match="cannot be deleted"):
        del counter.count


def test_values_that_python_cannot_have_stay_out_of_reach(folder: Folder) -> None:
    folder.wasm("counter_c", COUNTER)
    counter = load("counter_c")
    with pytest.raises(
        AttributeError, match=r"'lanes' is a global of type v128.*namespace_instance"
    ):
        counter.lanes  # noqa: B018
    assert isinstance(importing.namespace_instance(counter).exports.lanes, WebAssembly.Global)


def test_other_attributes_can_be_replaced(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.wasm("counter_d", COUNTER)
    counter = load("counter_d")
    monkeypatch.setattr(counter, "inc", lambda: "stub")
    assert counter.inc() == "stub"


def test_star_imports_public_names(folder: Folder) -> None:
    folder.wasm("counter_e", COUNTER)
    scope: dict[str, Any] = {}
    exec("from counter_e import *", scope)
    assert scope["count"] == 5
    assert "_hidden" not in scope
    assert "lanes" not in scope


def test_a_name_that_is_not_exported(folder: Folder) -> None:
    folder.wasm("counter_f", COUNTER)
    with pytest.raises(AttributeError, match=r"no attribute 'incr'; its exports are count"):
        load("counter_f").incr  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'incr'"):
        exec("from counter_f import incr", {})


def test_text_is_found_too_after_the_binary(folder: Folder) -> None:
    folder.file("words.wat", '(module (func (export "n") (result i32) (i32.const 1)))')
    words = load("words")
    assert words.n() == 1
    assert inspect.getsource(words).startswith("(module")
    folder.file("both.wat", "(module")
    folder.wasm("both", '(module (func (export "n") (result i32) (i32.const 2)))')
    assert load("both").n() == 2
    with importing.install(text=False) as later:
        assert isinstance(later, importing.Installation)


def test_python_files_come_first_in_a_folder_and_folders_in_their_order(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder.file("twice.py", "kind = 'python'")
    folder.wasm("twice", '(module (global (export "kind") i32 (i32.const 1)))')
    assert load("twice").kind == "python"
    folder.file("sorted_a.py", "kind = 'python'")
    earlier = Folder(tmp_path_factory.mktemp("earlier"))
    monkeypatch.syspath_prepend(str(earlier.path))
    earlier.wasm("sorted_a", '(module (global (export "kind") i32 (i32.const 1)))')
    assert load("sorted_a").kind == 1
    del sys.modules["sorted_a"]
    # A folder without Python files is the last choice, as it is for Python.
    (folder.path / "hollow").mkdir()
    folder.wasm("hollow", '(module (global (export "kind") i32 (i32.const 3)))')
    assert load("hollow").kind == 3


def test_imports_come_from_python_modules(folder: Folder) -> None:
    folder.file("env_a.py", "seen = []\ndef log(n):\n    seen.append(n)\nbase = 30")
    folder.wasm(
        "user_a",
        """(module (import "env_a" "log" (func $log (param i32))) (import "env_a" "base" (global $b i32))
             (func $start (call $log (global.get $b))) (start $start))""",
    )
    load("user_a")
    assert load("env_a").seen == [30]


def test_packages_and_relative_names(folder: Folder) -> None:
    folder.file("pack_a/__init__.py", "")
    folder.file("pack_a/helper.py", "def two(): return 2")
    folder.wasm(
        "pack_a/inner/leaf",
        '(module (import "..helper" "two" (func $f (result i32))) (export "two" (func $f)))',
    )
    folder.file("pack_a/inner/__init__.py", "from . import leaf")
    assert load("pack_a.inner").leaf.two() == 2
    folder.wasm(
        "pack_b/__init__",
        '(module (import ".part" "n" (global i32)) (export "n" (global 0)))',
    )
    folder.file("pack_b/part.py", "n = 7")
    package = load("pack_b")
    assert package.n == 7
    assert package.__path__ == [str(folder.path / "pack_b")]
    resource = importlib.resources.files("pack_b") / "__init__.wasm"
    assert resource.read_bytes()[:4] == b"\0asm"


def test_modules_of_webassembly_share_what_they_export(folder: Folder) -> None:
    folder.wasm("counter_g", COUNTER)
    folder.wasm(
        "user_g",
        """(module (import "counter_g" "count" (global $n (mut i32))) (import "counter_g" "lanes" (global v128))
             (import "counter_g" "memory" (memory 1)) (import "counter_g" "inc" (func $inc (result i32)))
             (export "count" (global $n)) (export "inc" (func $inc)) (export "memory" (memory 0))
             (func (export "reset") (global.set $n (i32.const 0))))""",
    )
    user, counter = load("user_g"), load("counter_g")
    assert user.inc is counter.inc
    assert user.memory is counter.memory
    user.reset()
    assert counter.count == user.count == 0


def test_dependencies_are_evaluated_in_their_order_before(folder: Folder) -> None:
    folder.file("order_log.py", "seen = []\ndef add(n):\n    seen.append(n)")
    start = '(import "order_log" "add" (func $add (param i32))) (func $s (call $add (i32.const {0}))) (start $s)'
    folder.wasm("order_c", f"(module {start.format(3)})")
    folder.wasm("order_b", f'(module (import "order_c" "x" (func)) {start.format(2)})')
    folder.wasm(
        "order_c",
        '(module (import "order_log" "add" (func $add (param i32))) '
        '(func $s (call $add (i32.const 3))) (start $s) (func (export "x")))',
    )
    folder.wasm(
        "order_b",
        f'(module (import "order_c" "x" (func)) {start.format(2)} (func (export "y")))',
    )
    folder.wasm(
        "order_a",
        '(module (import "order_b" "y" (func)) (import "order_c" "x" (func)) '
        + start.format(1)
        + ")",
    )
    load("order_a")
    assert load("order_log").seen == [3, 2, 1]


def test_a_circle_of_python_and_webassembly(folder: Folder) -> None:
    folder.file(
        "ring_p.py",
        "import ring_w\n"
        "try:\n    ring_w.double\nexcept AttributeError as error:\n    early = str(error)\n"
        "def number(): return 21\n"
        "def later(): return ring_w.double()\n",
    )
    folder.wasm(
        "ring_w",
        """(module (import "ring_p" "number" (func $n (result i32)))
             (func (export "double") (result i32) (i32.mul (i32.const 2) (call $n))))""",
    )
    load("ring_w")
    python = load("ring_p")
    assert "before the module is instantiated" in python.early
    assert python.later() == 42


def test_a_circle_that_needs_what_is_not_there_yet(folder: Folder) -> None:
    folder.file("ring_q.py", "import ring_v\ndef number(): return 21\n")
    folder.wasm("ring_v", '(module (import "ring_q" "number" (func (result i32))))')
    with pytest.raises(ImportError, match=r"no 'number' yet: it is still being imported"):
        load("ring_q")
    folder.wasm("ring_x", '(module (import "ring_y" "f" (func)) (func (export "g")))')
    folder.wasm("ring_y", '(module (import "ring_x" "g" (func)) (func (export "f")))')
    with pytest.raises(ImportError, match=r"ring_y .*'ring_x' is not instantiated yet") as found:
        load("ring_x")
    assert isinstance(found.value.__cause__, WebAssembly.LinkError)
    assert not {"ring_x", "ring_y"} & set(sys.modules)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('(import "wasm-js:x" "f" (func))', r'Import #0 "wasm-js:x" "f".*reserved'),
        ('(import "wasm:other" "f" (func))', r'Import #0 "wasm:other" "f".*no builtin'),
        ('(import "env" "wasm:f" (func))', r'Import #0 "env" "wasm:f".*reserved'),
        ('(import "env" "wasm-js:f" (func))', r"reserved"),
        ('(func (export "wasm:f"))', r'Export "wasm:f".*reserved'),
        ('(func (export "wasm-js:f"))', r'Export "wasm-js:f".*reserved'),
    ],
)
def test_reserved_names(folder: Folder, text: str, message: str) -> None:
    folder.wasm("reserved", f"(module {text})")
    for call in (load, importing.source):
        with pytest.raises(ImportError, match=message) as found:
            call("reserved")
        assert isinstance(found.value.__cause__, WebAssembly.LinkError)
        assert found.value.path == str(folder.path / "reserved.wasm")


def test_builtins_of_strings(folder: Folder) -> None:
    folder.wasm(
        "strings",
        """(module (import "wasm:js-string" "length" (func $l (param externref) (result i32)))
             (func (export "length") (param externref) (result i32) (call $l (local.get 0))))""",
    )
    assert load("strings").length("four") == 4
    assert importing.source("strings") is importing.source("strings")


def test_what_is_missing_is_named_with_its_place(folder: Folder) -> None:
    folder.wasm("lost_a", '(module (import "no_such_env" "f" (func)))')
    with pytest.raises(ModuleNotFoundError) as found:
        load("lost_a")
    assert str(found.value) == (
        f'lost_a ({folder.path / "lost_a.wasm"}): Import #0 "no_such_env" "f": '
        "No module named 'no_such_env'"
    )
    assert found.value.name == "no_such_env"
    folder.file("env_b.py", "def f(): pass")
    folder.wasm(
        "lost_b",
        '(module (import "env_b" "f" (func)) (import "env_b" "g" (func (param i32))) '
        '(import "env_b" "m" (memory 1)))',
    )
    with pytest.raises(ImportError) as partly:
        load("lost_b")
    text = str(partly.value)
    assert 'Import #1 "env_b" "g": a function (param i32) is needed' in text or '"g": ' in text
    assert f"module 'env_b' ({folder.path / 'env_b.py'}) has no 'g'" in text
    assert "missing too:\n  " in text


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("wasi_snapshot_preview1", "pyjsapi run"),
        ("./x.js", r"install\(names=\{'./x.js': …\}\)"),
        ("", "empty"),
    ],
)
def test_names_that_are_none_of_python(folder: Folder, name: str, hint: str) -> None:
    folder.wasm("lost_c", f'(module (import "{name}" "f" (func)))')
    with pytest.raises(ModuleNotFoundError, match=hint):
        load("lost_c")


def test_what_a_dependency_lacks_is_its_own_error(folder: Folder) -> None:
    folder.file("env_c.py", "import no_such_thing")
    folder.wasm("lost_d", '(module (import "env_c" "f" (func)))')
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'no_such_thing'$"):
        load("lost_d")


def test_imports_of_the_wrong_kind(folder: Folder) -> None:
    folder.file("env_d.py", "f = 1\nn = 'text'\nclass m: pass")
    for text, message in [
        ('(import "env_d" "f" (func))', "function import requires a callable"),
        ('(import "env_d" "n" (global i32))', "must be a number"),
        ('(import "env_d" "f" (global (mut i32)))', "mutable global"),
        ('(import "env_d" "m" (memory 1))', "WebAssembly.Memory"),
    ]:
        folder.wasm("wrong", f"(module {text})")
        with pytest.raises(ImportError, match=rf"wrong .*Import #0.*{message}") as found:
            load("wrong")
        assert isinstance(found.value.__cause__, WebAssembly.LinkError)


def test_files_that_are_no_modules(folder: Folder) -> None:
    folder.file("broken.wasm", b"\0asm\1\0\0\0\xff")
    with pytest.raises(ImportError, match=r"broken \(.*broken.wasm\)") as found:
        load("broken")
    assert isinstance(found.value.__cause__, WebAssembly.CompileError)
    folder.file("garbled.wat", "(module (fnc))")
    with pytest.raises(ImportError, match=r"garbled \(.*garbled.wat\).*fnc"):
        load("garbled")


def test_traps_of_the_start_function_are_not_import_errors(folder: Folder) -> None:
    folder.wasm("trapping", "(module (func $s unreachable) (start $s))")
    with pytest.raises(WebAssembly.RuntimeError, match="unreachable"):
        load("trapping")
    assert "trapping" not in sys.modules


def test_names_stand_for_others(folder: Folder) -> None:
    folder.file("real_env.py", "def one(): return 1")
    folder.wasm(
        "mapped",
        """(module (import "./env.js" "one" (func $a (result i32))) (import "env" "two" (func $b (result i32)))
             (import "obj" "three" (func $c (result i32)))
             (export "one" (func $a)) (export "two" (func $b)) (export "three" (func $c)))""",
    )
    names = {
        "./env.js": "real_env",
        "env": {"two": lambda: 2},
        "obj": types.SimpleNamespace(three=lambda: 3),
    }
    with importing.install(names=names):
        mapped = load("mapped")
    assert [mapped.one(), mapped.two(), mapped.three()] == [1, 2, 3]


def test_features_limits_and_engine_are_those_of_the_hook(folder: Folder) -> None:
    folder.wasm("vectors", "(module (func (result v128) (v128.const i64x2 0 0)) (memory 9))")
    with importing.install(features={"simd": False}), pytest.raises(ImportError, match="simd"):
        load("vectors")
    with (
        importing.install(limits={"max_memory_bytes": 65536}, engine="python"),
        pytest.raises(RangeError, match=r"vectors \(.*the limit is 1 page"),
    ):
        load("vectors")
    load("vectors")


@pytest.mark.parametrize(
    "given",
    [
        {"names": 1},
        {"names": {1: "x"}},
        {"features": {"smd": True}},
        {"limit": {}},
        {"builtins": 3},
    ],
)
def test_wrong_choices(given: dict[str, Any]) -> None:
    before = list(sys.meta_path)
    with pytest.raises(TypeError):
        importing.install(**given)
    assert sys.meta_path == before
    with pytest.raises(ValueError, match="no_engine"):
        importing.install(engine="no_engine")


def test_the_source_is_the_module(folder: Folder) -> None:
    folder.wasm("sourced", '(module (import "no_such_env" "f" (func)) (func (export "g")))')
    module = importing.source("sourced")
    assert isinstance(module, WebAssembly.Module)
    assert importing.source("sourced") is module
    assert "sourced" not in sys.modules
    folder.wasm("counter_h", COUNTER)
    before = importing.source("counter_h")
    load("counter_h")
    assert importing.source("counter_h") is before
    folder.file("pack_c/__init__.py", "")
    folder.wasm("pack_c/part", "(module)")
    assert importing.source(".part", "pack_c") is importing.source("pack_c.part")


def test_sources_that_are_none(folder: Folder) -> None:
    with pytest.raises(
        ImportError, match=r"'json' is no module of WebAssembly: it is found as .*json"
    ):
        importing.source("json")
    with pytest.raises(ModuleNotFoundError, match=r"importing.install\(\)"):
        importing.source("no_such_module_at_all")


def test_instances_of_what_has_none(folder: Folder) -> None:
    with pytest.raises(TypeError, match="module 'sys' is no module of WebAssembly"):
        importing.namespace_instance(sys)
    with pytest.raises(TypeError, match="not instantiated yet"):
        importing.namespace_instance(importing.WasmModule("new"))


def test_reloading_instantiates_anew(folder: Folder) -> None:
    folder.wasm("fresh", COUNTER)
    fresh = load("fresh")
    fresh.inc()
    old = fresh.inc
    assert importlib.reload(fresh) is fresh
    assert fresh.count == 5
    assert fresh.inc is not old
    folder.wasm("fresh", '(module (global (export "count") i32 (i32.const 9)))')
    importlib.reload(fresh)
    assert fresh.count == 9
    assert not hasattr(fresh, "inc")
    assert fresh.__all__ == ["count"]
    # What cannot be loaded leaves what was there.
    folder.file("fresh.wasm", b"\0asm")
    with pytest.raises(ImportError):
        importlib.reload(fresh)
    assert fresh.count == 9


def test_functions_are_pickled_by_their_names(folder: Folder) -> None:
    folder.wasm("counter_i", COUNTER)
    counter = load("counter_i")
    assert counter.inc.__module__ == "counter_i"
    assert pickle.loads(pickle.dumps(counter.inc)) is counter.inc


def test_running_as_a_module_runs_the_start_function(folder: Folder) -> None:
    folder.file("env_e.py", "seen = []\ndef log(): seen.append(1)")
    folder.wasm("main_e", '(module (import "env_e" "log" (func $f)) (start $f))')
    runpy.run_module("main_e", run_name="__main__", alter_sys=True)
    assert load("env_e").seen == [1]


def test_uninstalled_it_finds_nothing_more(folder: Folder) -> None:
    folder.wasm("late", "(module)")
    hooks = [one for one in sys.meta_path if type(one).__name__ == "WasmFinder"]
    for hook in hooks:
        sys.meta_path.remove(hook)
    assert importlib.util.find_spec("late") is None
    installation = importing.install()
    assert importlib.util.find_spec("late") is not None
    installation.uninstall()
    installation.uninstall()
    assert importlib.util.find_spec("late") is None


def test_the_current_folder(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.wasm("here_a", "(module)")
    monkeypatch.setattr(sys, "path", ["", *[one for one in sys.path if one != str(folder.path)]])
    monkeypatch.chdir(folder.path)
    assert load("here_a").__file__ == str(folder.path / "here_a.wasm")
