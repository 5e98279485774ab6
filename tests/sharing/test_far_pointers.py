"""Far pointers: the builtin set ``far``, and who may use which handle."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.sharing.builtins import far, memory_ref
from pyjsapi.sharing.memory_refs import far_pointer, memory_of, revoke_far

PAGE = 65536


def _traps(message: str, *calls: Callable[[], object]) -> None:
    for call in calls:
        with pytest.raises(WebAssembly.RuntimeError, match=message):
            call()


ENABLED = {"builtins": ["far", "memory-ref"]}


def _import(name: str, module: str = "far") -> str:
    builtins = far.BUILTINS if module == "far" else memory_ref.BUILTINS
    type_ = builtins[name].type.func
    params, results = (" ".join(map(str, types)) for types in (type_.params, type_.results))
    return (
        f'(import "pyjsapi:{module}" "{name}" (func ${name} (param {params}) (result {results})))'
    )


def _instance(text: str) -> Any:
    return WebAssembly.Instance(WebAssembly.Module(wat2wasm(text), ENABLED))


def _all() -> Any:
    names = list(far.BUILTINS)
    imports = " ".join(map(_import, names))
    exports = " ".join(f'(export "{name}" (func ${name}))' for name in names)
    of = _import("of", "memory-ref") + '(export "of" (func $of))'
    return _instance(f"(module {imports} {of} (memory 1) {exports})")


STRLEN = f"""(module {_import("load8_u")}
  (func (export "strlen_far") (param $at i64) (result i32) (local $n i32)
    (loop $more
      (if (i32.eqz (call $load8_u (i64.add (local.get $at) (i64.extend_i32_u (local.get $n)))))
        (then (return (local.get $n))))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br $more))
    (unreachable)))"""


def _with_text(text: bytes, at: int, **members: Any) -> Any:
    memory = WebAssembly.Memory(initial=1, **members)
    memory._memory.data[at : at + len(text)] = text
    return memory


def test_uc_7_one_function_reads_strings_in_three_memories() -> None:
    instance = _instance(STRLEN)
    texts = (b"one", b"three memories", b"")
    kinds: list[dict[str, Any]] = [{}, {"shared": True, "maximum": 1}, {"address": "i64"}]
    pointers = [
        far_pointer(_with_text(text, 100 * n, **members), 100 * n, to=instance)
        for n, (text, members) in enumerate(zip(texts, kinds, strict=True))
    ]
    strlen = instance.exports.strlen_far
    assert [strlen(pointer) for pointer in pointers] == [len(text) for text in texts]


def test_a_guest_makes_far_pointers_of_references_and_gets_them_back() -> None:
    exports = _all().exports
    memory = WebAssembly.Memory(initial=1)
    handle = exports.handle(memory)
    assert exports.handle(memory) == handle != exports.handle(WebAssembly.Memory(initial=1))
    assert exports.ref(handle) is memory and exports.ref(0) is exports.of(0)
    pointer = handle << 32 | 100
    exports.store32(pointer, 0x01020304)
    exports.copy(8, pointer, 4)
    exports.fill(pointer + 4, 9, 2)
    assert memory._memory.data[100:106] == b"\4\3\2\1\t\t"
    assert exports.load32(8) == exports.load32(pointer)
    assert (exports.size(handle), exports.atomic_add32(pointer, 1)) == (1, 0x01020304)


def test_handle_0_is_the_instances_own_memory_and_its_handle_goes_elsewhere() -> None:
    exports, other = _all().exports, _all().exports
    handle = exports.handle(exports.of(0))
    assert handle != 0
    exports.store8(5, 77)
    assert exports.load8_u(handle << 32 | 5) == 77
    other.handle(exports.of(0))
    assert (other.load8_u(handle << 32 | 5), other.load8_u(5)) == (77, 0)


@pytest.mark.parametrize("forged", ["another's", "the next", 0x7FFF_FFFF, -1])
def test_a_handle_that_was_not_given_traps_whoever_else_has_it(forged: Any) -> None:
    exports, other = _all().exports, _all().exports
    handle = other.handle(other.of(0))
    f = {"another's": handle, "the next": handle + 1}.get(forged, forged)
    _traps(
        "unknown far handle",
        lambda: exports.load8_u(f << 32),
        lambda: exports.store8(f << 32, 1),
        lambda: exports.copy(f << 32, 0, 1),
        lambda: exports.copy(0, f << 32, 1),
        lambda: exports.ref(f),
        lambda: exports.size(f),
        lambda: exports.release(f),
    )
    assert other.load8_u(handle << 32) == 0


def test_an_address_never_runs_over_into_the_next_handle() -> None:
    instance = _all()
    first, second = (WebAssembly.Memory(initial=1) for _ in range(2))
    pointer = far_pointer(first, 0xFFFF_FFFE, to=instance)
    far_pointer(second, to=instance)
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
        instance.exports.store32(pointer, -1)
    assert second._memory.data[:2] == b"\0\0"


def test_what_is_released_or_revoked_traps_and_its_number_does_not_come_back() -> None:
    instance = _all()
    exports = instance.exports
    memory = WebAssembly.Memory(initial=1)
    handle = exports.handle(memory)
    exports.release(handle)
    with pytest.raises(WebAssembly.RuntimeError, match="unknown far handle"):
        exports.load32(handle << 32)
    pointer = far_pointer(memory, 4, to=instance)
    assert pointer == handle << 32 | 4 and exports.load32(pointer) == 0
    revoke_far(memory, instance)
    with pytest.raises(WebAssembly.RuntimeError, match="unknown far handle"):
        exports.load32(pointer)
    del memory
    gc.collect()
    assert exports.handle(WebAssembly.Memory(initial=1)) > handle


def test_a_handle_keeps_its_memory_for_as_long_as_its_instance_has_it() -> None:
    instance = _all()
    handle = instance.exports.handle(WebAssembly.Memory(initial=1))
    alive = weakref.ref(instance.exports.ref(handle)._memory)
    gc.collect()
    assert alive() is not None
    instance.exports.release(handle)
    gc.collect()
    assert alive() is None


def test_the_host_says_to_whom_and_what_is_wrong() -> None:
    one, two = _all(), _all()
    memory = WebAssembly.Memory(initial=1)
    pointer = far_pointer(memory, 8, to=(one, two))
    one.exports.store8(pointer, 3)
    assert two.exports.load8_u(pointer) == 3
    with pytest.raises(ValueError, match="not below 4 GiB"):
        far_pointer(memory, 1 << 32, to=one)
    with pytest.raises(ValueError, match="names no instance"):
        far_pointer(memory, to=())
    with pytest.raises(TypeError, match="must be instances"):
        far_pointer(memory, to=[7])  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"a WebAssembly\.Memory is needed"):
        far_pointer(memory_of(one)._memory, to=one)  # type: ignore[arg-type]


def test_an_instance_without_memory_has_no_handle_0() -> None:
    with pytest.raises(WebAssembly.RuntimeError, match="unknown memory 0"):
        _instance(STRLEN).exports.strlen_far(0)


def test_the_own_memory_cannot_be_released() -> None:
    exports = _all().exports
    assert exports.load8_u(0) == 0
    _traps("unknown far handle 0", lambda: exports.release(0))
    assert exports.load8_u(0) == 0
