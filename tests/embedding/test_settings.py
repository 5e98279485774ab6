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
    [({"feature": Features()}, r"f\(\): unexpected keyword 'feature'; did you mean 'features'\?$"),
     ({"builtin": ["js-string"]}, r"f\(\): unexpected keyword 'builtin'; did you mean 'builtins'\?$"),
     ({"zzz": 1}, r"f\(\): unexpected keyword 'zzz'; "
      r"there are builtins, importedStringConstants, features and limits$"),
     ({"limits": Features()}, r"f\(\): limits must be a Limits or a mapping, not Features"),
     ({"features": True}, r"f\(\): features must be a Features or a mapping, not bool"),
     ({"features": {"multi_memry": False}},
      r"f\(\): features has no member 'multi_memry'; did you mean 'multi_memory'\?"),
     ({"limits": {"zzz": 1}}, r"f\(\): limits has no member 'zzz'; there are module_size, .* and call_depth$"),
     ({"limits": {"memories": "x"}}, r"f\(\): Limits.memories must be an int, not str"),
     ({"features": {"gc": 1}}, r"f\(\): Features.gc must be True or False, not int")],
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


def test_mappings_are_as_good() -> None:
    assert not WebAssembly.validate(MODULE, features={"multi_memory": False})
    assert not WebAssembly.validate(MODULE, limits={"memories": 1})
    assert settings_of({"limits": {"max_memory_bytes": None}}, "f()") == DEFAULT_SETTINGS


@pytest.mark.parametrize("value", ["x", 1.0, True, None])
def test_limits_are_integers_from_the_beginning(value: Any) -> None:
    kind = type(value).__name__
    with pytest.raises(TypeError, match=f"^Limits.memories must be an int, not {kind}$"):
        Limits(memories=value)


def test_features_are_on_or_off_from_the_beginning() -> None:
    wrong: Any = "no"
    with pytest.raises(TypeError, match=r"^Features.simd must be True or False, not str$"):
        Features(simd=wrong)


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("Memory", {"initial": 1}),
        ("Table", {"element": "anyfunc", "initial": 1}),
        ("Tag", {"parameters": []}),
        ("Global", {"value": "i32"}),
    ],
)
def test_whatever_is_made_takes_limits(name: str, members: dict[str, Any]) -> None:
    make: Any = getattr(WebAssembly, name)
    assert isinstance(make(members, limits={"params": 5}), make)
    with pytest.raises(TypeError, match=rf"^WebAssembly.{name}\(\): limits must be a Limits or a"):
        make(members, limits=3)
    with pytest.raises(TypeError, match=rf"^WebAssembly.{name}\(\): limits has no member 'parms'"):
        make(members, limits={"parms": 5})


def test_they_cross() -> None:
    settings = Settings(Features(gc=False), Limits(call_depth=9, max_memory_bytes=1 << 20))
    plain = marshal.loads(marshal.dumps(settings.plain()))
    assert Settings.from_plain(plain) == settings
    assert Settings.from_plain(DEFAULT_SETTINGS.plain()) == DEFAULT_SETTINGS
