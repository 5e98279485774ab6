"""A child process that runs programs on Wasmtime, the oracle that is always at hand and that counts fuel.

A process of its own, because Wasmtime's package ends the process where it does not know a type.
"""

from __future__ import annotations

import base64
import ctypes
import json
import struct
import sys
import zlib
from typing import Any, Final, TypeAlias

import wasmtime
from wasmtime._ffi import WASMTIME_FUNCREF

from fuzz.engines.telling import MOST_BYTES, MOST_ELEMENTS, MOST_LOGGED, rows, shown

Json: TypeAlias = dict[str, Any]

FUEL: Final = 60_000
"""What a call may spend; a program that needs more is dropped. pyjsapi takes some 10 ms for so much."""
FUNCREF: Final = WASMTIME_FUNCREF.value

_ON: Final = (
    "bulk_memory", "custom_page_sizes", "exceptions", "function_references", "gc", "memory64",
    "multi_memory", "multi_value", "reference_types", "relaxed_simd", "simd", "tail_call", "threads",
    "wide_arithmetic",
)  # fmt: skip
_TYPES: Final = {
    "i32": wasmtime.ValType.i32,
    "i64": wasmtime.ValType.i64,
    "f32": wasmtime.ValType.f32,
    "f64": wasmtime.ValType.f64,
    "funcref": wasmtime.ValType.funcref,
    "anyfunc": wasmtime.ValType.funcref,
    "externref": wasmtime.ValType.externref,
}


_RESOURCES: Final = (
    "exceeds",
    "failed to allocate",
    "minimum size",
    "resource limit",
    "Cannot allocate",
)


class OutOfFuel(Exception):
    """The program runs too long to be compared."""


def _engine() -> wasmtime.Engine:
    config = wasmtime.Config()
    for name in _ON:
        setattr(config, f"wasm_{name}", True)
    config.wasm_relaxed_simd_deterministic = True
    config.shared_memory = True
    config.consume_fuel = True
    config.parallel_compilation = False
    config.cranelift_opt_level = "none"
    config.cranelift_flag_set("regalloc_algorithm", "single_pass")
    return wasmtime.Engine(config)


class Wasmtime:
    """Runs programs that are plain data."""

    def __init__(self) -> None:
        self._engine = _engine()

    def observe(self, program: Json) -> Json:
        """What is seen of a program."""
        try:
            module = wasmtime.Module(self._engine, base64.b64decode(program["binary"]))
        except wasmtime.WasmtimeError as error:
            return {"end": "refused", "detail": str(error)}
        try:
            return _Run(self._engine, module, program).observe()
        except OutOfFuel:
            return {"end": "skipped", "detail": "out of fuel"}


class _Run:
    """One program in a store of its own."""

    def __init__(self, engine: wasmtime.Engine, module: wasmtime.Module, program: Json) -> None:
        self._store = wasmtime.Store(engine)
        self._module = module
        self._program = program
        self._log: list[list[Any]] = []
        self._exports: dict[str, Any] = {}
        self._named: dict[str, Any] = {}
        """Everything that is seen from outside, by name; imports as ``module.name``."""

    def observe(self) -> Json:
        calls: list[list[Any]] = []
        seen: Json = {"end": "ran", "calls": calls, "log": self._log}
        self._store.set_fuel(FUEL)
        try:
            imports = self._imports()
        except wasmtime.WasmtimeError as error:
            return {"end": "unlinkable", "detail": str(error)}
        try:
            exports = wasmtime.Instance(self._store, self._module, imports).exports(self._store)
        except wasmtime.Trap as trap:
            calls.append(_failure(trap))
            return seen
        except wasmtime.WasmtimeError as error:
            if "incompatible import" in str(error) or "expected" in str(error):
                return {"end": "unlinkable", "detail": str(error)}
            calls.append(_failure(error))
            return seen
        self._exports = {export.name: exports[export.name] for export in self._module.exports}
        self._named |= self._exports
        calls.append(["returns"])
        calls += [self._call(name, arguments) for name, arguments in self._program["calls"]]
        self._look(seen)
        return seen

    def _call(self, name: str, arguments: list[list[str]]) -> list[Any]:
        function = self._exports.get(name)
        if not isinstance(function, wasmtime.Func):
            return ["missing"]
        if len(function.type(self._store).params) != len(arguments):
            return ["missing"]
        self._store.set_fuel(FUEL)
        try:
            result = function(self._store, *map(_argument, arguments))
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            if "wasmtime_valkind_t" in str(error):
                return ["returns", "?"]
            return _failure(error)
        if isinstance(result, list):
            return ["returns", *map(_shown, result)]
        count = len(function.type(self._store).results)
        return ["returns", _shown(result)] if count else ["returns"]

    def _look(self, seen: Json) -> None:
        store = self._store
        memories: dict[str, list[Any]] = {}
        globals_, tables = {}, {}
        for name, value in self._named.items():
            if isinstance(value, (wasmtime.Memory, wasmtime.SharedMemory)):
                memories[name] = self._memory(value)
            elif isinstance(value, wasmtime.Global):
                globals_[name] = self._global(value)
            elif isinstance(value, wasmtime.Table):
                tables[name] = [value.size(store), self._elements(value)]
        seen["memories"], seen["globals"], seen["tables"] = memories, globals_, tables

    def _memory(self, memory: wasmtime.Memory | wasmtime.SharedMemory) -> list[Any]:
        """Size and checksum of a memory."""
        if isinstance(memory, wasmtime.SharedMemory):
            size, pointer = memory.data_len(), memory.data_ptr()
        else:
            size, pointer = memory.data_len(self._store), memory.data_ptr(self._store)
        if size > MOST_BYTES:
            return [size]
        data = ctypes.string_at(pointer, size)
        found = [size, zlib.crc32(data)]
        return [*found, rows(data)] if self._program.get("detail") else found

    def _global(self, value: wasmtime.Global) -> str:
        try:
            found = value.value(self._store)
        except Exception:  # The package knows numbers, functions and external references only.
            return "hidden"
        return "hidden" if isinstance(found, wasmtime.Val) else str(_shown(found))

    def _elements(self, table: wasmtime.Table) -> str:
        count = min(table.size(self._store), MOST_ELEMENTS)
        try:
            values = [table.get(self._store, k) for k in range(count)]
        except Exception:  # As above.
            return "hidden"
        # The package gives a null reference to a function as a `Val`, and so every reference of other kinds.
        nulls = [value for value in values if isinstance(value, wasmtime.Val)]
        kinds: list[Any] = [value._kind for value in nulls]
        if any(kind != FUNCREF for kind in kinds):
            return "hidden"
        return "".join("0" if isinstance(value, wasmtime.Val) else "1" for value in values)

    # Imports

    def _imports(self) -> list[Any]:
        made: list[Any] = []
        named: dict[tuple[str, str], Any] = {}
        for entry in self._program["imports"]:
            same = entry["sameAs"]
            value = self._import(entry) if same is None else made[same]
            made.append(value)
            named[entry["module"], entry["name"]] = value
            self._named[f"{entry['module']}.{entry['name']}"] = value
        return [named[i.module, i.name or ""] for i in self._module.imports]

    def _import(self, entry: Json) -> Any:
        type_ = entry["type"]
        match entry["kind"]:
            case "function":
                return self._host(entry)
            case "memory":
                limits = wasmtime.Limits(type_["initial"], type_.get("maximum"))
                wide = type_.get("address") == "i64"
                if type_.get("shared"):
                    memory_type = wasmtime.MemoryType(limits, wide, True)
                    return wasmtime.SharedMemory(self._store.engine, memory_type)
                return wasmtime.Memory(self._store, wasmtime.MemoryType(limits, wide))
            case "table":
                limits = wasmtime.Limits(type_["initial"], type_.get("maximum"))
                table_type = wasmtime.TableType(_TYPES[type_["element"]](), limits)
                return wasmtime.Table(self._store, table_type, None)
            case "global":
                global_type = wasmtime.GlobalType(_TYPES[type_["value"]](), type_["mutable"])
                return wasmtime.Global(self._store, global_type, _argument(type_["init"]))
            case _:
                parameters = [_TYPES[name]() for name in type_["parameters"]]
                return wasmtime.Tag(
                    self._store, wasmtime.TagType(wasmtime.FuncType(parameters, []))
                )

    def _host(self, entry: Json) -> wasmtime.Func:
        parameters, results = entry["type"]["parameters"], entry["type"]["results"]
        type_ = wasmtime.FuncType(
            [_TYPES[name]() for name in parameters], [_TYPES[name]() for name in results]
        )
        calls = 0

        def host(*arguments: Any) -> Any:
            nonlocal calls
            calls += 1
            if len(self._log) < MOST_LOGGED:
                self._log.append([entry["name"], *map(_shown, arguments)])
            hashed = calls
            for value in arguments:
                if isinstance(value, int):
                    hashed = (hashed * 31 + value) & 0xFFFF_FFFF
            effects = entry["effects"]
            for effect in effects[(calls - 1) % len(effects)] if effects else ():
                self._effect(effect)
            values = [_result(name, hashed + k & 0xFFFF_FFFF) for k, name in enumerate(results)]
            return values[0] if len(values) == 1 else values or None

        return wasmtime.Func(self._store, type_, host)

    def _effect(self, effect: list[Any]) -> None:
        kind, name, *rest = effect
        target = self._named.get(name)
        if target is None:
            return
        store = self._store
        match kind:
            case "look":
                self._log.append([kind, *self._memory(target)])
            case "grow":
                try:
                    grown = (
                        target.grow(rest[0])
                        if isinstance(target, wasmtime.SharedMemory)
                        else (target.grow(store, rest[0]))
                    )
                    self._log.append([kind, grown])
                except wasmtime.WasmtimeError:
                    self._log.append([kind, "fails"])
            case "enlarge":
                try:
                    self._log.append([kind, target.grow(store, rest[0], None)])
                except wasmtime.WasmtimeError:
                    self._log.append([kind, "fails"])
            case "write":
                shared = isinstance(target, wasmtime.SharedMemory)
                length = target.data_len() if shared else target.data_len(store)
                if rest[0] < length:
                    data = target.data_ptr() if shared else target.data_ptr(store)
                    data[rest[0]] = rest[1]
            case "set":
                target.set_value(store, _argument(rest[0]))
            case "put":
                if rest[0] < target.size(store):
                    target.set(store, rest[0], None if rest[1] is None else self._named[rest[1]])
            case "call":
                target(store, *map(_argument, rest))
            case _:
                raise ValueError(f"Wasmtime's package cannot {kind}")


def _argument(value: list[str]) -> Any:
    type_, text = value
    if type_[0] == "f":
        return struct.unpack("<d", struct.pack("<Q", int(text, 16)))[0]
    return None if type_ == "ref" else int(text)


def _result(type_: str, hashed: int) -> Any:
    if type_ == "i32":
        return (hashed ^ 0x8000_0000) - 0x8000_0000
    if type_ == "i64":
        return hashed
    return float(hashed & 0xFFFF) if type_[0] == "f" else None


def _shown(value: Any) -> Any:
    if isinstance(value, wasmtime.Val):
        return "?"
    return "ref" if isinstance(value, wasmtime.Func) else shown(value)


def _failure(error: Exception) -> list[Any]:
    message = error.message if isinstance(error, wasmtime.Trap) else str(error)
    code = error.trap_code if isinstance(error, wasmtime.Trap) else None
    if code is wasmtime.TrapCode.OUT_OF_FUEL or "all fuel consumed" in message:
        raise OutOfFuel
    if code is wasmtime.TrapCode.STACK_OVERFLOW:
        return ["exhausts"]
    if "thrown Wasm exception" in message:
        return ["throws"]
    if any(part in message for part in _RESOURCES):
        return ["exhausts"]
    return ["traps", message.rpartition("wasm trap: ")[2].strip()]


def main() -> None:
    """Answer each line of programs by one."""
    engine = Wasmtime()
    for line in sys.stdin.buffer:
        answers = [engine.observe(program) for program in json.loads(line)["programs"]]
        sys.stdout.buffer.write(json.dumps({"answers": answers}).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
