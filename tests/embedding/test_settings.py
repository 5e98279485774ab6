"""`Settings`: one value from the keywords of users, which crosses to other processes."""

from __future__ import annotations

import marshal
from typing import Any

import pytest

from pyjsapi import Features, Limits, WebAssembly, wat2wasm
from pyjsapi.embedding.settings import DEFAULT_SETTINGS, Settings, settings_of

MODULE = wat2wasm("(module (memory 1) (memory 1))")


def test_nothing_said_is_the_default() -> None:
    assert settings_of({}, "f()") is DEFAULT_SETTINGS
    assert settings_of({"features": None, "limits": None}, "f()") == DEFAULT_SETTINGS


def test_what_is_said_is_taken() -> None:
    features, limits = Features(threads=False), Limits(call_depth=7)
    assert settings_of({"features": features}, "f()") == Settings(features, Limits())
    assert settings_of({"limits": limits}, "f()") == Settings(Features(), limits)


@pytest.mark.parametrize(
    ("given", "words"),
    [({"feature": Features()}, r"f\(\): got an unexpected keyword argument 'feature'"),
     ({"limits": Features()}, r"f\(\): limits must be a Limits, not Features"),
     ({"features": True}, r"f\(\): features must be a Features, not bool")],
)  # fmt: skip
def test_what_is_wrong_is_named(given: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        settings_of(given, "f()")


@pytest.mark.parametrize(
    "name", ["Module", "validate", "compile", "instantiate", "compileStreaming", "instantiateStreaming"]
)  # fmt: skip
def test_whatever_compiles_takes_them(name: str) -> None:
    compiler: Any = getattr(WebAssembly, name)
    with pytest.raises(TypeError, match=rf"WebAssembly.{name}.*'fuell'"):
        compiler(MODULE, fuell=1)


def test_they_restrict() -> None:
    assert WebAssembly.validate(MODULE)
    assert not WebAssembly.validate(MODULE, features=Features(multi_memory=False))
    assert not WebAssembly.validate(MODULE, limits=Limits(memories=1))


def test_they_cross() -> None:
    settings = Settings(Features(gc=False), Limits(call_depth=9, max_memory_bytes=1 << 20))
    plain = marshal.loads(marshal.dumps(settings.plain()))
    assert Settings.from_plain(plain) == settings
    assert Settings.from_plain(DEFAULT_SETTINGS.plain()) == DEFAULT_SETTINGS
