"""Which engine compiles, and what the one that was named and is not there says."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest

from pyjsapi import WebAssembly, engines, structuredClone
from pyjsapi.embedding.settings import Settings
from pyjsapi.engines import choosing, registry
from pyjsapi.engines.python_engine import PythonEngine
from pyjsapi.text import wat2wasm
from tests.engines.second_engine import SecondEngine, SecondModule

SEVEN = wat2wasm('(module (func (export "f") (result i32) (i32.const 7)))')
FLOAT = wat2wasm('(module (func (export "f") (result f32) (f32.const 7)))')
HINT = "its package is not installed: pip install 'pyjsapi[absent]'"


class PickyEngine(SecondEngine):
    """One that refuses modules with a float in them."""

    name = "picky"

    def compile(self, data: bytes, settings: Settings, /) -> SecondModule:
        found = super().compile(data, settings)
        if b"\x7d" in data:
            raise engines.Refusal("it has no floats")
        return found


def _absent() -> SecondEngine:
    raise engines.EngineUnavailable("absent", HINT)


@pytest.fixture(autouse=True)
def _(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "_makers", {})
    monkeypatch.setattr(registry, "_made", {})
    monkeypatch.setattr(choosing, "_of_process", {})
    monkeypatch.delenv("PYJSAPI_ENGINE", raising=False)
    engines.offer("second", SecondEngine)
    engines.offer("picky", PickyEngine)
    engines.offer("absent", _absent)
    yield


def _used() -> str:
    return WebAssembly.Module(SEVEN).engine


def test_the_default_is_the_python_engine() -> None:
    assert _used() == "python"
    assert isinstance(engines.default(), PythonEngine)


def test_en_3_an_argument_comes_before_a_block_before_use_before_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYJSAPI_ENGINE", "lowered")
    assert _used() == "lowered"
    assert engines.use("second") is None
    assert _used() == "second"
    with engines.using("python"):
        assert _used() == "python"
        assert WebAssembly.Module(SEVEN, engine="lowered").engine == "lowered"
        assert WebAssembly.Module(SEVEN, {"engine": "second"}).engine == "second"
        assert WebAssembly.Module(SEVEN, {"engine": "second"}, engine="lowered").engine == "lowered"
    assert engines.use("python") == "second"
    assert engines.use(["absent", "second"]) == "python"
    assert engines.use(None) == ("absent", "second")
    assert _used() == "lowered"


def test_en_3_blocks_nest_and_end_with_an_exception() -> None:
    with engines.using("second"):
        with pytest.raises(KeyError), engines.using("lowered"):
            assert _used() == "lowered"
            raise KeyError
        assert _used() == "second"
    assert _used() == "python"


def test_en_3_tasks_have_their_own_blocks() -> None:
    async def one(name: str, mine: asyncio.Event, other: asyncio.Event) -> str:
        with engines.using(name):
            mine.set()
            await other.wait()
            return _used()

    async def several() -> list[str]:
        first, second = asyncio.Event(), asyncio.Event()
        return list(
            await asyncio.gather(one("second", first, second), one("lowered", second, first))
        )

    assert asyncio.run(several()) == ["second", "lowered"]


def test_en_3_a_thread_knows_what_the_process_uses_and_no_block() -> None:
    found: list[str] = []

    def thread() -> None:
        found.append(_used())

    engines.use("lowered")
    with engines.using("second"):
        running = threading.Thread(target=thread)
        running.start()
        running.join()
    assert found == ["lowered"]


def test_en_3_the_engine_is_read_when_a_function_is_called() -> None:
    async def program() -> list[str]:
        with engines.using("second"):
            later = WebAssembly.compile(SEVEN), WebAssembly.instantiate(SEVEN)
        module, source = await later[0], await later[1]
        return [module.engine, source.module.engine]

    assert asyncio.run(program()) == ["second", "second"]


class _Response:
    ok = True

    def __init__(self) -> None:
        self.headers = {"content-type": "application/wasm"}

    def arrayBuffer(self) -> bytes:
        return SEVEN


def test_en_3_whatever_compiles_takes_an_engine() -> None:
    async def program() -> list[str]:
        return [
            (await WebAssembly.compile(SEVEN, engine="second")).engine,
            (await WebAssembly.instantiate(SEVEN, engine="second")).module.engine,
            (await WebAssembly.compileStreaming(_Response(), {"engine": "second"})).engine,
            (await WebAssembly.instantiateStreaming(_Response(), engine="second")).module.engine,
        ]

    assert asyncio.run(program()) == ["second"] * 4
    assert WebAssembly.validate(SEVEN, engine="second")
    second = engines.engine("second")
    assert isinstance(second, SecondEngine)
    assert second.asked["compile"] == 5


def test_en_3_instances_are_made_by_the_engine_of_their_module() -> None:
    module = WebAssembly.Module(SEVEN, engine="second")
    with engines.using("lowered"):
        assert WebAssembly.Instance(module).exports.f() == 7
    second = engines.engine("second")
    assert isinstance(second, SecondEngine)
    assert second.asked == {"compile": 1, "instantiate": 1}


def test_an_engine_itself_may_be_given() -> None:
    second = SecondEngine()
    assert WebAssembly.Module(SEVEN, engine=second).engine == "second"
    with engines.using([second, "python"]):
        _used()
    assert second.asked["compile"] == 2


def test_modules_of_the_same_bytes_have_each_their_engine() -> None:
    first = WebAssembly.Module(SEVEN)
    second = WebAssembly.Module(SEVEN, engine="lowered")
    assert (first.engine, second.engine) == ("python", "lowered")


def test_the_name_of_the_engine_cannot_be_set() -> None:
    with pytest.raises(AttributeError):
        WebAssembly.Module(SEVEN).engine = "second"  # type: ignore[misc]


KNOWN = "the engines are python, lowered, wasmtime, auto, second, picky, absent and native"


def test_en_3_an_unknown_name_lists_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"there is no engine 'secnd'; {KNOWN}"
    with pytest.raises(ValueError) as used:
        engines.use("secnd")
    assert str(used.value) == text
    with pytest.raises(ValueError, match="'secnd'"), engines.using(["python", "secnd"]):
        pass
    with pytest.raises(ValueError) as given:
        WebAssembly.Module(SEVEN, engine="secnd")
    assert str(given.value) == f"WebAssembly.Module(): {text}"
    monkeypatch.setenv("PYJSAPI_ENGINE", "python, secnd")
    with pytest.raises(ValueError) as named:
        WebAssembly.Module(SEVEN)
    assert str(named.value) == f"WebAssembly.Module(): PYJSAPI_ENGINE=python, secnd: {text}"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (5, "an engine, its name, or a list of them is needed, not 5"),
        (["python", 5], "an engine, its name, or a list of them is needed, not 5"),
        ((), "an empty list names no engine"),
    ],
)
def test_what_is_no_engine_is_a_type_error(given: object, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        WebAssembly.Module(SEVEN, {"engine": given})
    assert str(caught.value) == f"WebAssembly.Module(): {message}"
    assert engines.use(None) is None


def test_an_error_of_the_engine_comes_out_of_the_promise() -> None:
    promise = WebAssembly.compile(SEVEN, engine="secnd")
    with pytest.raises(ValueError, match="the engines are"):
        asyncio.run(promise)


def test_en_4_an_engine_that_is_absent_says_what_to_install() -> None:
    with pytest.raises(engines.EngineUnavailable) as caught:
        WebAssembly.Module(SEVEN, engine="absent")
    assert str(caught.value) == f"the engine 'absent' is not available: {HINT}"
    assert (caught.value.name, caught.value.reason) == ("absent", HINT)
    assert isinstance(caught.value, ImportError)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.name, again.reason) == (str(caught.value), "absent", HINT)


def test_en_4_nothing_falls_back_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(engines.EngineUnavailable):
        engines.use("absent")
    assert _used() == "python"  # it is as it was
    with pytest.raises(engines.EngineUnavailable), engines.using("absent"):
        pass
    with pytest.raises(WebAssembly.CompileError) as refused:
        WebAssembly.Module(FLOAT, engine="picky")
    assert str(refused.value) == "WebAssembly.Module(): it has no floats"
    assert isinstance(refused.value.__cause__, engines.Refusal)
    assert WebAssembly.validate(FLOAT, engine="picky")
    monkeypatch.setattr(choosing, "_of_process", {})
    monkeypatch.setenv("PYJSAPI_ENGINE", "absent")
    with pytest.raises(engines.EngineUnavailable):
        WebAssembly.Module(SEVEN)
    with pytest.raises(engines.EngineUnavailable):
        WebAssembly.Memory(initial=1)


def test_en_4_what_is_available_is_listed_with_reasons() -> None:
    found = engines.available()
    assert engines.names() == list(found)
    del found["wasmtime"], found["auto"]  # they may be there or not
    assert found == {"python": None, "lowered": None, "second": None, "picky": None, "absent": HINT}


def test_en_5_a_fallback_warns_once_per_module_and_the_module_tells_the_truth() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        module = WebAssembly.Module(FLOAT, engine=("absent", "picky", "python"))
        WebAssembly.Instance(module)
        WebAssembly.Instance(module)
    assert module.engine == "python"
    (warning,) = caught
    assert warning.category is engines.EngineFallback
    assert warning.filename == __file__
    assert str(warning.message) == (
        "the module runs on the engine 'python': "
        f"'absent' is not available: {HINT}; 'picky' refuses it: it has no floats"
    )


def test_en_5_there_is_no_warning_where_the_first_engine_runs_it() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert WebAssembly.Module(SEVEN, engine=["picky", "python"]).engine == "picky"
        with engines.using(["absent", "second"]):
            WebAssembly.Memory(initial=1)
            WebAssembly.Global(value="i32")


def test_en_5_a_mistake_in_the_module_is_no_reason_for_another_engine() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(WebAssembly.CompileError, match="offset"):
            WebAssembly.Module(SEVEN[:-1], engine=["second", "python"])


def test_en_5_where_no_engine_is_left_all_reasons_are_given() -> None:
    with pytest.raises(WebAssembly.CompileError) as refused:
        WebAssembly.Module(FLOAT, engine=["absent", "picky"])
    assert str(refused.value) == (
        "WebAssembly.Module(): "
        f"'absent' is not available: {HINT}; 'picky' refuses it: it has no floats"
    )
    with pytest.raises(engines.EngineUnavailable) as missing:
        WebAssembly.Module(SEVEN, engine=["absent", "absent"])
    assert missing.value.reason == f"absent: {HINT}; absent: {HINT}"


def test_native_is_the_engine_for_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    engines.offer("wasmtime", SecondEngine)
    with pytest.raises(ValueError, match=r"absent and native$"):
        engines.use("nativ")
    engines.offer("host", PickyEngine)
    assert type(engines.engine("native")) is SecondEngine
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert type(engines.engine("native")) is PickyEngine


def test_the_environment_names_the_engine_of_a_process() -> None:
    program = (
        "from pyjsapi import WebAssembly; print(WebAssembly.Module(b'\\0asm\\1\\0\\0\\0').engine)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYJSAPI_ENGINE": "lowered"},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("lowered\n", "")


def test_a_module_that_is_posted_or_copied_keeps_its_engine() -> None:
    module = WebAssembly.Module(SEVEN, engine="second")
    again = structuredClone(module)
    assert again is not module
    assert again.engine == "second"
    assert copy.deepcopy(module).engine == "second"
    assert pickle.loads(pickle.dumps(module)).engine == "second"


def test_elsewhere_the_engine_is_the_senders_by_name_or_what_is_used_there() -> None:
    pickled = pickle.dumps(WebAssembly.Module(SEVEN, engine="second"))
    engines.offer("second", _absent)
    assert pickle.loads(pickled).engine == "python"
    with engines.using("lowered"):
        assert pickle.loads(pickled).engine == "lowered"
        assert pickle.loads(pickle.dumps(WebAssembly.Module(SEVEN, engine="python"))).engine == (
            "python"
        )
        unnamed = WebAssembly.Module(SEVEN, engine=NamelessEngine())
        assert pickle.loads(pickle.dumps(unnamed)).engine == "lowered"


class NamelessEngine(SecondEngine):
    """One that nobody has offered under its name."""

    name = "nameless"
