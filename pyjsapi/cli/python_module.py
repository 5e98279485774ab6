"""What ``pyjsapi compile`` writes: a Python module with a WebAssembly module inside, its stub, and a wheel of both."""

from __future__ import annotations

import base64
import hashlib
import io
import keyword
import zipfile
import zlib
from typing import Any, Final

import pyjsapi
from pyjsapi import WebAssembly
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.types import (
    F32,
    F64,
    I32,
    I64,
    ExternType,
    FuncType,
    GlobalType,
    MemType,
    TableType,
    TagType,
)

_OWN: Final = ("exports", "instantiate", "module")
"""What the Python module has beside the exports."""
_INNER: Final = ("_WebAssembly", "_decode", "_decompress")
"""What it is made with."""
_NUMBERS: Final[dict[Any, str]] = {I32: "int", I64: "int", F32: "float", F64: "float"}
_WIDTH: Final = 96
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The time of files in a wheel: the same input gives the same bytes."""

_HEAD: Final = '''\
"""{title}: a WebAssembly module of {size} bytes. Made by pyjsapi {version}; it needs pyjsapi.

{told}
"""

# ruff: noqa
from base64 import b85decode as _decode
from zlib import decompress as _decompress

from pyjsapi import WebAssembly as _WebAssembly

__all__ = {all}
'''
_LOAD: Final = '''
module = _WebAssembly.Module(_decompress(_decode("".join({text}))))


def instantiate(imports=None):
    """A new instance of the module with imports by module and name: its exports."""
    return _WebAssembly.Instance(module, imports).exports
'''
_INSTANCE: Final = """

exports = instantiate()
"""
_NO_INSTANCE: Final = """

def __getattr__(name):
    if name in {names}:
        raise AttributeError(
            f"{{__name__}}.{{name}}: the module has imports; take it from instantiate(imports), which needs: "
            {needed}
        )
    raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
"""


def python_names(module: WebAssembly.Module) -> dict[str, str]:
    """Names of Python for exports that can have one; ``_`` follows keywords and what the Python module has itself."""
    found: dict[str, str] = {}
    for export, _ in module._compiled.exports():
        name = export.name
        if keyword.iskeyword(name) or name in (*_OWN, *_INNER):
            name += "_"
        if name.isidentifier() and not name.startswith("__") and name not in found.values():
            found[export.name] = name
    return found


def source(module: WebAssembly.Module, title: str, missing: list[str]) -> str:
    """The text of the Python module; ``missing`` are lines about the imports that it needs."""
    data = module._compiled.data
    names = python_names(module)
    told = [f"{names[name]}: {type_}" for name, type_ in _told(module).items() if name in names]
    if missing:
        told += ["", "Imports:", *missing]
    public = sorted([*_OWN, *names.values()] if not missing else ["instantiate", "module"])
    text = _HEAD.format(
        title=_escaped(title),
        size=len(data),
        version=pyjsapi.__version__,
        told=_escaped("\n".join(told)) or "No exports.",
        all=public,
    )
    text += _LOAD.format(text=_pieces(base64.b85encode(zlib.compress(data, 9)).decode()))
    if missing:
        needed = repr("; ".join(missing))
        return text + _NO_INSTANCE.format(names=sorted(names.values()), needed=needed)
    lines = [f"{name} = exports[{export!r}]\n" for export, name in names.items()]
    return text + _INSTANCE + "".join(lines)


def stub(module: WebAssembly.Module, missing: list[str]) -> str:
    """The types of the Python module, for type checkers."""
    names = python_names(module)
    lines = [
        "from typing import Any",
        "",
        "from pyjsapi import WebAssembly",
        "from pyjsapi.jsapi.instance import Exports",
        "",
        "module: WebAssembly.Module",
        "",
        "def instantiate(imports: Any = None) -> Exports: ...",
    ]
    if not missing:
        lines += ["", "exports: Exports"]
        for export, type_ in module._compiled.exports():
            if export.name in names:
                lines.append(_declared(module, names[export.name], export.index, type_))
    return "\n".join(lines) + "\n"


def wheel(module: WebAssembly.Module, name: str, version: str, missing: list[str]) -> bytes:
    """A pure wheel with the module as a package of that name, which depends on pyjsapi."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": source(module, name, missing),
        f"{name}/__init__.pyi": stub(module, missing),
        f"{name}/py.typed": "",
        f"{info}/METADATA": (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            f"Summary: A WebAssembly module\nRequires-Python: >=3.11\n"
            f"Requires-Dist: pyjsapi>={pyjsapi.__version__}\n"
        ),
        f"{info}/WHEEL": (
            f"Wheel-Version: 1.0\nGenerator: pyjsapi {pyjsapi.__version__}\n"
            "Root-Is-Purelib: true\nTag: py3-none-any\n"
        ),
    }
    record = [f"{path},{_hashed(text.encode())}\n" for path, text in files.items()]
    files[f"{info}/RECORD"] = "".join([*record, f"{info}/RECORD,,\n"])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, text.encode(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _hashed(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest},{len(data)}"


def _pieces(text: str) -> str:
    """A long text as a tuple of short ones."""
    pieces = [repr(text[i : i + _WIDTH]) for i in range(0, len(text), _WIDTH)]
    return "(\n    " + ",\n    ".join(pieces) + ",\n)"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _told(module: WebAssembly.Module) -> dict[str, str]:
    from pyjsapi.runtime.instantiate import describe

    return {export.name: describe(type_) for export, type_ in module._compiled.exports()}


def _declared(module: WebAssembly.Module, name: str, index: int, type_: ExternType) -> str:
    if isinstance(type_, MemType):
        return f"{name}: WebAssembly.Memory"
    if isinstance(type_, TableType):
        return f"{name}: WebAssembly.Table"
    if isinstance(type_, GlobalType):
        return f"{name}: WebAssembly.Global[{_NUMBERS.get(type_.valtype, 'Any')}]"
    if isinstance(type_, TagType):
        return f"{name}: WebAssembly.Tag"
    closed = type_.type
    func = closed.func if isinstance(closed, DefType) else FuncType((), ())
    parameters = _parameters(module, index, func)
    results = [_NUMBERS.get(each, "Any") for each in func.results]
    result = "None" if not results else results[0] if len(results) == 1 else "list[Any]"
    return f"def {name}({parameters}) -> {result}: ..."


def _parameters(module: WebAssembly.Module, index: int, func: FuncType) -> str:
    from pyjsapi.jsapi.function_signatures import FunctionSignature

    signature = FunctionSignature(func, lambda: module._compiled.local_names(index))
    types: list[Any] = [_NUMBERS.get(each, "Any") for each in func.params]
    given = [f"{name}: {type_}" for name, type_ in zip(signature.parameters, types, strict=True)]
    return ", ".join([*given, "/"] if given else [])
