"""What a Python module that ``pyjsapi compile`` wrote does: `define` gives it its names.

Names of the WebAssembly module are data here, and never text of a program.
"""

from __future__ import annotations

import keyword
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.jsapi import namespace as WebAssembly
from pyjsapi.jsapi.endings import (
    FAILED,
    FAILURES,
    ending_of,
    is_of_output,
    kind_of,
    memories_of,
    output_failed,
    refusal_of,
    standard_input,
    told,
)
from pyjsapi.jsapi.imported import is_program, missing_imports
from pyjsapi.jsapi.instance import Exports
from pyjsapi.jsapi.module import Module
from pyjsapi.runtime.instantiate import describe
from pyjsapi.validation.limits import Limits

if TYPE_CHECKING:
    from pyjsapi.wasi import WASI

START: Final = "_start"
"""What a command exports."""
OWN: Final = ("WebAssembly", "exports", "instantiate", "module", "pyjsapi")
"""What a Python module has beside the exports."""
PROGRAM: Final = ("ReadOnly", "WASI")
"""And one of a program of WASI."""
COMMAND: Final = ("main", "run")
"""And one that can be run."""
INNER: Final = "_pyjsapi_"
"""How names begin that it is made with."""

_NO_INPUT: Final = 66
_NO_IMPORTS: Final = 69
_INTERRUPTED: Final = 130


def is_command(module: Module) -> bool:
    """Whether a module is a program of WASI that is run by a call, and then over."""
    return is_program(module) and any(
        each["name"] == START and each["kind"] == "function" for each in Module.exports(module)
    )


def own_names(module: Module) -> tuple[str, ...]:
    """What the Python module has beside the exports."""
    program = PROGRAM if is_program(module) else ()
    return (*OWN, *program, *(COMMAND if is_command(module) else ()))


def python_names(module: Module) -> dict[str, str]:
    """Names of Python for exports that can have one; ``_`` follows keywords and what the Python module has itself."""
    own = own_names(module)
    found: dict[str, str] = {}
    for export, _ in module._compiled.exports():
        name = export.name
        if keyword.iskeyword(name) or name in own or name.startswith(INNER):
            name += "_"
        # Python knows an identifier by its normal form alone.
        if not name.isidentifier() or unicodedata.normalize("NFKC", name) != name:
            continue
        if not name.startswith("__") and name not in found.values():
            found[export.name] = name
    return found


def needed_imports(module: Module) -> list[str]:
    """A line for each import that must be given."""
    if not is_program(module):
        return missing_imports(module)
    from pyjsapi.wasi.modules import provided

    return missing_imports(module, provided(module))


def has_exports(module: Module) -> bool:
    """Whether it has exports as soon as it is imported: nothing must be given, and it is no command."""
    return not needed_imports(module) and not is_command(module)


def define(
    namespace: dict[str, Any],
    data: bytes,
    *,
    limits: Mapping[str, Any] | None = None,
    directories: Mapping[str, tuple[str, bool]] | None = None,
    variables: Mapping[str, str] | None = None,
) -> None:
    """Give a Python module its names.

    ``limits`` are those of `WebAssembly.Module`. A program of WASI has ``directories``, by its names for them, the
    host's name and whether they are only to be read, and the environment ``variables``, where nobody gives it others.
    """
    module = Module(data, limits=Limits(**(limits or {})))
    if not is_program(module):
        made = _PythonModule(namespace, module)
    else:
        made = _Program(namespace, module, directories or {}, variables or {})
    made.define()


class _PythonModule:
    """What is behind a Python module, by its namespace."""

    def __init__(self, namespace: dict[str, Any], module: Module) -> None:
        self.namespace = namespace
        self.name = str(namespace.get("__name__", "module"))
        self.module = module
        self.names = python_names(module)
        self.needed = needed_imports(module)

    def define(self) -> None:
        """Give it its names."""
        space = self.namespace
        found = self.own()
        space["__doc__"] = "\n".join([(space.get("__doc__") or "").rstrip(), "", *self._told(), ""])
        if has_exports(self.module):
            exports = found["exports"] = self.instantiate()
            found |= {name: exports[export] for export, name in self.names.items()}
        else:
            space["__getattr__"] = self._absent
        space.update(found)
        space["__all__"] = sorted(found)

    def own(self) -> dict[str, Any]:
        """What it has beside the exports."""
        return {
            "WebAssembly": WebAssembly,
            "instantiate": self.instantiate,
            "module": self.module,
            # This package, or the copy of it that this file is in: buffers, typed arrays, `null`, `RangeError`.
            "pyjsapi": sys.modules[__name__.partition(".")[0]],
        }

    def _told(self) -> Iterator[str]:
        exported = self.module._compiled.exports()
        lines = [
            f"{self.names[each.name]}: {describe(type_)}"
            for each, type_ in exported
            if each.name in self.names
        ]
        yield from lines or ["No exports with names of Python."]
        if self.needed:
            yield from ("", "Imports:", *self.needed)

    def _absent(self, name: str) -> Any:
        """What is not there yet, or never."""
        if name not in ("exports", *self.names.values()):
            raise AttributeError(f"module {self.name!r} has no attribute {name!r}")
        why = (
            f"the module has imports; take it from instantiate(imports), which needs: {'; '.join(self.needed)}"
            if self.needed
            else "the module is a program; run(*arguments) runs it, instantiate() gives its exports"
        )
        raise AttributeError(f"{self.name}.{name}: {why}")

    def instantiate(self, imports: Any = None) -> Exports:
        """A new instance of the module with imports by module and name: its exports."""
        return WebAssembly.Instance(self.module, imports).exports


class _Program(_PythonModule):
    """The same for a program of WASI."""

    def __init__(
        self,
        namespace: dict[str, Any],
        module: Module,
        directories: Mapping[str, tuple[str, bool]],
        variables: Mapping[str, str],
    ) -> None:
        super().__init__(namespace, module)
        self._directories = directories
        self._variables = variables
        self._limits = module._compiled.settings.limits

    def own(self) -> dict[str, Any]:
        from pyjsapi.wasi import WASI, ReadOnly

        found = {**super().own(), "WASI": WASI, "ReadOnly": ReadOnly}
        return {**found, "run": self.run, "main": self.main} if is_command(self.module) else found

    def instantiate(self, imports: Any = None, *, wasi: WASI | None = None) -> Exports:
        """A new instance of the program with imports by module and name: its exports.

        ``wasi`` is what it has of the system: by default the standard streams, and the directories and variables that
        it was compiled with. A module that is no command is initialised.
        """
        return self._instance(wasi or self._wasi([self.name]), imports).exports

    def _instance(self, wasi: WASI, imports: Any) -> WebAssembly.Instance:
        from pyjsapi.wasi.modules import with_memories

        given = with_memories(self.module, {**wasi.getImportObject(), **(imports or {})})
        instance = WebAssembly.Instance(self.module, given)
        if START in instance.exports:
            wasi.finalizeBindings(instance)
        else:
            wasi.initialize(instance)
        return instance

    def _wasi(self, arguments: Sequence[str], **members: Any) -> WASI:
        from pyjsapi.wasi import WASI
        from pyjsapi.wasi.preopens import preopens_of

        preopens = preopens_of(self._directories)
        given = {key: value for key, value in members.items() if value is not None}
        return WASI(
            **{"version": "preview1", "args": arguments, "env": self._variables, "preopens": preopens} | given
        )  # fmt: skip

    def run(
        self,
        *arguments: str,
        imports: Any = None,
        env: Mapping[str, str] | None = None,
        preopens: Mapping[str, Any] | None = None,
        stdin: Any = None,
        stdout: Any = None,
        stderr: Any = None,
    ) -> int:
        """Run the program with arguments; its exit code.

        ``env`` are its environment variables, ``preopens`` the directories that it may use by its names for them, a
        path or ``ReadOnly(path)``; by default those that it was compiled with. The streams are file objects, file
        descriptors or functions, and Python's own by default.
        """
        members = {"env": env, "preopens": preopens, "stdin": stdin, "stdout": stdout, "stderr": stderr}  # fmt: skip
        with self._wasi([self.name, *arguments], **members) as wasi:
            return self._started(wasi, imports, [])

    def _started(self, wasi: WASI, imports: Any, instances: list[WebAssembly.Instance]) -> int:
        from pyjsapi.wasi import WASIExit
        from pyjsapi.wasi.modules import is_threaded

        if is_threaded(self.module):
            return wasi.run(self.module, imports)
        instances.append(self._instance(wasi, imports))
        try:
            instances[0].exports[START]()
        except WASIExit as end:
            return end.code
        return 0

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """Run the program as a command does, by default with the arguments of this one; its exit code.

        What ends it is one line on standard error: 121 is out of host calls, 122 out of fuel, 124 a time-out, 123 too
        little memory, 130 an interruption, 69 imports that are missing, 66 a directory that is not there, and 1 what
        else fails.
        """
        words = sys.argv[1:] if arguments is None else list(arguments)
        name = self.name if self.name != "__main__" else sys.argv[0]
        if self.needed:
            lines = "".join(f"\n  {line}" for line in self.needed)
            return _say(name, f"imports what is not there:{lines}", _NO_IMPORTS)
        try:
            wasi = self._wasi([name, *words], stdin=standard_input())
        except OSError as error:
            return _say(name, str(error), _NO_INPUT)
        instances: list[WebAssembly.Instance] = []
        try:
            with wasi:
                code = self._started(wasi, None, instances)
            sys.stdout.flush()
        except KeyboardInterrupt:
            return _INTERRUPTED
        except OSError as error:
            if not is_of_output(error):
                raise
            return output_failed(name, error)
        except FAILURES as error:
            memories = memories_of(instances[0]) if instances else ()
            ending = ending_of(error, self._limits, memories)
            if ending is not None:
                return _say(name, ending.message, ending.code)
            return _say(name, f"{kind_of(error)}: {told(error)}", FAILED)
        refusal = refusal_of(memories_of(instances[0]), self._limits) if code and instances else ""
        return _say(name, refusal, code) if refusal else code


def _say(name: str, message: str, code: int) -> int:
    print(f"{name}: {message}", file=sys.stderr)
    return code
