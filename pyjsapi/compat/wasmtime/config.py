"""The settings of an engine: those that say what modules may do, and those that say how Wasmtime does it."""

from __future__ import annotations

import math
from typing import Any, Final

from pyjsapi.compat.wasmtime.errors import WasmtimeError, refusal
from pyjsapi.compat.wasmtime.managed import Managed, setter_property
from pyjsapi.syntax.features import Features
from pyjsapi.validation.limits import Limits

_STRATEGIES: Final = ("auto", "cranelift")
_LEVELS: Final = ("none", "speed", "speed_and_size")
_PROFILERS: Final = ("none", "jitdump", "vtune", "perfmap")
_PYTHON_CODE: Final = "code is translated to Python, which is not compiled for a machine"


def _checked(kind: type, value: object, article: str = "a") -> None:
    if not isinstance(value, kind):
        raise TypeError(f"expected {article} {kind.__name__}")


def _feature(*fields: str) -> property:
    """Whether modules may use what fields of `Features` name."""

    def switch(self: Config, enable: bool) -> None:
        _checked(bool, enable)
        self._features.update(dict.fromkeys(fields, enable))

    switch.__doc__ = f"Whether modules may use {', '.join(fields)}: see `Features`."
    return setter_property(switch)


def _absent(name: str, why: str) -> property:
    """What can be switched off only, because it is not there."""

    def refuse(self: Config, enable: bool) -> None:
        _checked(bool, enable)
        if enable:
            raise refusal(f"Config.{name}", why)

    refuse.__doc__ = f"Not there: {why}. Setting it raises `WasmtimeError`, unless it is ``False``."
    return setter_property(refuse)


def _without_effect(kind: type, article: str = "a") -> property:
    """What says how Wasmtime does something, with the same results."""

    def ignore(self: Config, value: Any) -> None:
        _checked(kind, value, article)

    ignore.__doc__ = "How Wasmtime does something: without effect here."
    return setter_property(ignore)


def _one_of(known: tuple[str, ...], what: str, accepted: tuple[str, ...]) -> property:
    def choose(self: Config, value: str) -> None:
        if value not in known:
            raise WasmtimeError(f"unknown {what}: {value}")
        if value not in accepted:
            raise refusal(f"{what} {value!r}", _PYTHON_CODE)

    choose.__doc__ = f"One of {', '.join(known)}: without effect here."
    return setter_property(choose)


class Config(Managed):
    """The settings of an `Engine`; which takes them, so that they cannot be used again. They cannot be read."""

    def __init__(self) -> None:
        self._features: dict[str, bool] = {
            "custom_page_sizes": False,
            "memory_map_section": False,
            "wide_arithmetic": False,
        }
        self._flags: dict[str, bool] = {}

    wasm_threads = _feature("threads")
    wasm_tail_call = _feature("tail_call")
    wasm_reference_types = _feature("reference_types")
    wasm_simd = _feature("simd")
    wasm_bulk_memory = _feature("bulk_memory")
    wasm_multi_value = _feature("multi_value")
    wasm_multi_memory = _feature("multi_memory")
    wasm_memory64 = _feature("memory64")
    wasm_relaxed_simd = _feature("relaxed_simd")
    wasm_exceptions = _feature("exceptions", "legacy_exceptions")
    wasm_function_references = _feature("function_references")
    wasm_gc = _feature("gc")
    gc_support = _feature("gc")
    wasm_custom_page_sizes = _feature("custom_page_sizes")
    wasm_wide_arithmetic = _feature("wide_arithmetic")
    wasm_stack_switching = _feature("stack_switching")
    cranelift_nan_canonicalization = _absent(
        "cranelift_nan_canonicalization", "NaNs have the payloads that the machine gives them"
    )

    debug_info = _without_effect(bool)
    wasm_relaxed_simd_deterministic = _without_effect(bool)
    wasm_component_model = _without_effect(bool)
    wasm_component_model_map = _without_effect(bool)
    wasm_component_model_implements = _without_effect(bool)
    cranelift_debug_verifier = _without_effect(bool)
    parallel_compilation = _without_effect(bool)
    memory_may_move = _without_effect(bool)
    native_unwind_info = _without_effect(bool)
    macos_use_mach_ports = _without_effect(bool)
    signals_based_traps = _without_effect(bool)
    memory_init_cow = _without_effect(bool)
    max_wasm_stack = _without_effect(int, "an")
    memory_reservation = _without_effect(int, "an")
    memory_guard_size = _without_effect(int, "an")
    memory_reservation_for_growth = _without_effect(int, "an")
    strategy = _one_of(_STRATEGIES, "strategy", _STRATEGIES)
    cranelift_opt_level = _one_of(_LEVELS, "opt level", _LEVELS)
    profiler = _one_of(_PROFILERS, "profiler", ("none",))

    @setter_property
    def consume_fuel(self, instances: bool) -> None:
        """Whether code consumes the fuel of its store: see `Store.set_fuel`."""
        _checked(bool, instances, "an")
        self._flags["fuel"] = instances

    @setter_property
    def epoch_interruption(self, enabled: bool) -> None:
        """Whether code ends at a deadline of its store: see `Store.set_epoch_deadline`."""
        self._flags["epochs"] = bool(enabled)

    @setter_property
    def shared_memory(self, enable: bool) -> None:
        """Whether there may be shared memories."""
        _checked(bool, enable)
        self._flags["shared_memory"] = enable

    @setter_property
    def cache(self, enabled: bool | str) -> None:
        """``True``, or the path of a file: without effect, as there is a code cache of its own."""
        if isinstance(enabled, bool):
            if not enabled:
                raise WasmtimeError("caching cannot be explicitly disabled")
        elif not isinstance(enabled, str):
            raise TypeError("expected string or bool")

    @setter_property
    def target(self, triple: str) -> None:
        """Refused: raises `WasmtimeError`."""
        _checked(str, triple)
        raise refusal(f"target {triple!r}", _PYTHON_CODE)

    def cranelift_flag_enable(self, flag: str) -> None:
        """Without effect."""
        _checked(str, flag)

    def cranelift_flag_set(self, key: str, value: str) -> None:
        """Without effect."""
        for given, name in ((key, "key"), (value, "value")):
            if not isinstance(given, str):
                raise TypeError(f"expected a str for {name}")


class Settings:
    """What a `Config` comes to."""

    def __init__(self, config: Config) -> None:
        flags = config._flags
        self.features = Features(**config._features)
        self.fuel = flags.get("fuel", False)
        """Whether stores have fuel."""
        self.epochs = flags.get("epochs", False)
        """Whether stores have deadlines."""
        self.shared_memory = flags.get("shared_memory", False)
        """Whether there may be shared memories."""
        self.limits = Limits(
            fuel=0 if self.fuel else None, deadline=math.inf if self.epochs else None
        )
        """Those of all modules."""
