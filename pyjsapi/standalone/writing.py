"""The text of Python modules with a module of WebAssembly inside."""

from __future__ import annotations

import inspect
import zlib
from binascii import b2a_base64, crc32
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import pyjsapi
from pyjsapi.jsapi.module import Module
from pyjsapi.standalone import carriers
from pyjsapi.standalone.python_module import is_command
from pyjsapi.standalone.rooms import carried, copy_name

LICENSE: Final = """\
MIT License

Copyright (c) 2026 The pyjsapi authors

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""
"""Of what is carried."""
WASM: Final = "module.wasm"
"""What the module is called in a package."""

_HEAD: Final = '''\
"""{title}: a WebAssembly module of {size} bytes. Made by pyjsapi {version}; {needs}"""

from __future__ import annotations

# ruff: noqa
'''
_ALONE: Final = "it needs nothing but Python 3.11 or newer."
_THIN: Final = "it needs pyjsapi."
_WIDTH: Final = 57
"""Bytes on a line of base 64, which has 76 characters then."""


class Surroundings(NamedTuple):
    """What a module is given where nobody gives it anything else."""

    limits: Mapping[str, Any]
    """Those fields of `Limits` that are not as they are without."""
    directories: Mapping[str, tuple[str, bool]]
    """Directories of a program of WASI: by its names the host's, and whether they are only to be read."""
    variables: Mapping[str, str]
    """Its environment."""


NONE: Final = Surroundings({}, {}, {})


def source(module: Module, title: str, given: Surroundings = NONE, *, thin: bool = False) -> str:
    """The text of a Python module in one file; ``thin`` is one that needs the package.

    Raises `NoSources`.
    """
    data = module._compiled.data
    text = _head(title, data, thin=thin)
    if thin:
        text += "\nfrom pyjsapi.standalone import python_module as _pyjsapi_python_module\n"
    else:
        text += _carried_copy(module)
    text += (
        "\n\ndef _pyjsapi_data():\n"
        "    from binascii import a2b_base64\n"
        "    from zlib import decompress\n\n"
        f'    return decompress(a2b_base64("""\n{_base64(zlib.compress(data, 9))}"""))\n\n\n'
    )
    text += _definition("_pyjsapi_data()", given)
    if is_command(module):
        text += '\nif __name__ == "__main__":\n    raise SystemExit(main())\n'
    return text


def package_source(
    module: Module, title: str, given: Surroundings = NONE, *, thin: bool = False
) -> str:
    """The text of a package with the module, and the copy, beside it. Raises `NoSources`."""
    text = _head(title, module._compiled.data, thin=thin)
    if thin:
        text += "\nfrom pyjsapi.standalone import python_module as _pyjsapi_python_module\n\n"
    else:
        text += (
            f"\n\n{_text(carriers._pyjsapi_imported, carriers._pyjsapi_in_folder)}\n\n"
            f"_pyjsapi_python_module = _pyjsapi_in_folder({copy_name()!r}, __file__)\n"
        )
    place = f"__file__.removesuffix('c').removesuffix('__init__.py') + {WASM!r}"
    return text + _definition(f"__spec__.loader.get_data({place})", given)


def _head(title: str, data: bytes, *, thin: bool) -> str:
    # A name of a file may be no text at all.
    title = title.encode("utf-8", "backslashreplace").decode()
    escaped = title.replace("\\", "\\\\").replace('"', '\\"')
    return _HEAD.format(
        title=escaped,
        size=len(data),
        version=pyjsapi.__version__,
        needs=_THIN if thin else _ALONE,
    )


def _carried_copy(module: Module) -> str:
    files = carried(module)
    index: list[str] = []
    start = 0
    for path, data in files.items():
        index.append(f"    {path!r}: ({start}, {len(data)}, {crc32(data)}),\n")
        start += len(data)
    packed = _base64(zlib.compress(b"".join(files.values()), 9))
    notice = "".join(f"# {line}".rstrip() + "\n" for line in LICENSE.splitlines())
    return (
        f"\n# What follows until the next line of this kind has parts of pyjsapi:\n#\n{notice}\n\n"
        f"{_text(carriers._pyjsapi_imported, carriers._pyjsapi_in_file)}\n\n"
        f"_pyjsapi_index = {{\n{''.join(index)}}}\n"
        f'_pyjsapi_sources = """\n{packed}"""\n'
        "_pyjsapi_python_module = _pyjsapi_in_file(\n"
        f"    {copy_name()!r}, _pyjsapi_index, _pyjsapi_sources, __file__\n)\n"
        "# End of what has parts of pyjsapi.\n"
    )


def _definition(data: str, given: Surroundings) -> str:
    """The call that gives names; numbers and texts in it are those of the command that wrote it."""
    more = "".join(
        f"    {name}={dict(value)!r},\n" for name, value in given._asdict().items() if value
    )
    return f"_pyjsapi_python_module.define(\n    globals(),\n    {data},\n{more})\n"


def _text(*functions: Callable[..., Any]) -> str:
    return "\n\n".join(map(inspect.getsource, functions))


def _base64(data: bytes) -> str:
    return "".join(b2a_base64(data[i : i + _WIDTH]).decode() for i in range(0, len(data), _WIDTH))
