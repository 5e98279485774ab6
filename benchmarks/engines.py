"""One class per engine: how to load a kernel's module in it and get a plain call."""

from __future__ import annotations

import importlib
import importlib.metadata
import io
import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from benchmarks import hand_written
from benchmarks.kernels import Kernel, kernel

Call = Callable[[], Any]


class Engine(Protocol):
    """An engine that can be measured."""

    name: str
    """The head of its column."""
    multi_memory: bool
    """Whether it runs modules with several memories."""

    @property
    def version(self) -> str:
        """Its published version."""
        ...

    def load(self, kernel: Kernel) -> Call:
        """Instantiate the kernel, run its `init`, return its measured call. Raises `ImportError`."""
        ...


def _distribution_version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "of this checkout"


class Pyjsapi:
    """This project, through the JS API."""

    name = "pyjsapi"
    multi_memory = True

    @property
    def version(self) -> str:
        return _distribution_version("pyjsapi")

    def load(self, kernel: Kernel) -> Call:
        from pyjsapi import WebAssembly

        exports = WebAssembly.Instance(WebAssembly.Module(kernel.wasm)).exports
        if kernel.init is not None:
            exports.init(*kernel.init)
        run, args = exports.run, kernel.args
        return lambda: run(*args)


class Pywasm:
    """pywasm, an interpreter in pure Python."""

    name = "pywasm"
    multi_memory = False

    @property
    def version(self) -> str:
        return _distribution_version("pywasm")

    def load(self, kernel: Kernel) -> Call:
        core = importlib.import_module("pywasm.core")
        runtime = core.Runtime()
        instance = runtime.instance(core.ModuleDesc.from_reader(io.BytesIO(kernel.wasm)))
        if kernel.init is not None:
            runtime.invocate(instance, "init", list(kernel.init))
        invoke, args = runtime.invocate, list(kernel.args)
        return lambda: invoke(instance, "run", args)[0]


class Ppci:
    """ppci with `target="python"`, a compiler from WebAssembly to Python source."""

    name = "ppci"
    multi_memory = False

    @property
    def version(self) -> str:
        return _distribution_version("ppci")

    def load(self, kernel: Kernel) -> Call:
        wasm = importlib.import_module("ppci.wasm")
        logging.getLogger("instantiate").setLevel(logging.CRITICAL)
        instance = wasm.instantiate(wasm.Module(kernel.wasm), {}, target="python")
        if kernel.init is not None:
            instance.exports["init"](*kernel.init)
        run, args = instance.exports["run"], kernel.args
        return lambda: run(*args)


class Pwasm:
    """pwasm, a compiler from WebAssembly to Python source, in its mode that compiles at the first call."""

    name = "pwasm"
    multi_memory = False

    @property
    def version(self) -> str:
        return _distribution_version("pwasm")

    def load(self, kernel: Kernel) -> Call:
        pwasm = importlib.import_module("pwasm")
        instance = pwasm.instantiate(pwasm.decode_module(kernel.wasm), {}, mode="compile")
        if kernel.init is not None:
            instance.exports["init"](*kernel.init)
        run, args = instance.exports["run"], kernel.args
        return lambda: run(*args)


class Wasmtime:
    """wasmtime, a compiler to machine code, through its Python package."""

    name = "wasmtime"
    multi_memory = True

    @property
    def version(self) -> str:
        return _distribution_version("wasmtime")

    def load(self, kernel: Kernel) -> Call:
        wasmtime = importlib.import_module("wasmtime")
        config = wasmtime.Config()
        config.wasm_multi_memory = True
        store = wasmtime.Store(wasmtime.Engine(config))
        instance = wasmtime.Instance(store, wasmtime.Module(store.engine, kernel.wasm), [])
        exports = instance.exports(store)
        if kernel.init is not None:
            exports["init"](store, *kernel.init)
        run, args = exports["run"], kernel.args
        return lambda: run(store, *args)


class HandWritten:
    """The functions of `hand_written`, no WebAssembly."""

    name = "by hand"
    multi_memory = True
    version = ""

    def load(self, kernel: Kernel) -> Call:
        return hand_written.MAKERS[kernel.by_hand or kernel.name](*kernel.args)


ENGINES: tuple[Engine, ...] = (Pyjsapi(), HandWritten(), Pywasm(), Ppci(), Pwasm(), Wasmtime())
"""pyjsapi first: the others are compared with it."""


def available(engines: Sequence[Engine]) -> tuple[list[Engine], dict[str, str]]:
    """The engines that can be loaded here, the first one always, and why others cannot, by name."""
    base, *others = engines
    base.load(kernel("fib"))
    usable = [base]
    missing: dict[str, str] = {}
    for engine in others:
        try:
            engine.load(kernel("fib"))
        except ImportError as error:
            missing[engine.name] = str(error)
        else:
            usable.append(engine)
    return usable, missing
