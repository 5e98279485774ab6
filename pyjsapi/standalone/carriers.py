"""How a compiled module finds the copy of the package that it carries. Not imported: written into it, as text.

The copy has a name of its own, made of its contents, and its files import each other relatively. So it meets no other
version of the package, installed or carried, and two modules with the same copy use it together. The functions have
all that they need in themselves or under names of this kind, because the module's own names may be anything else.
"""

from __future__ import annotations

from typing import Any


def _pyjsapi_imported(name: str, finder: Any) -> Any:
    """Have Python ask `finder` too, and import what makes a module of the package `name` that it finds."""
    import sys
    from importlib import import_module

    if finder.carrier not in [getattr(each, "carrier", None) for each in sys.meta_path]:
        sys.meta_path.append(finder)
    return import_module(f"{name}.standalone.python_module")


def _pyjsapi_in_file(
    name: str, index: dict[str, tuple[int, int, int]], text: str, file: str
) -> Any:
    """Have the package `name` found in `text`: compressed sources, one after the other, in base 64.

    ``index`` says where each is, how long, and its checksum. Bytecode is kept in the folder `__pycache__` beside this
    file, as Python keeps that of any source, so that they are read and compiled once.
    """
    import os
    from importlib.machinery import SourceFileLoader
    from importlib.util import spec_from_file_location

    folder = os.path.join(os.path.dirname(os.path.abspath(file)), "__pycache__", name)
    sources: list[bytes] = []

    def source(path: str) -> bytes:
        from binascii import a2b_base64
        from zlib import decompress

        if not sources:
            sources.append(decompress(a2b_base64(text)))
        start, size, _ = index[path]
        return sources[0][start : start + size]

    class Loader(SourceFileLoader):
        inside = ""

        def get_data(self, path: Any) -> bytes:
            return source(self.inside) if path == self.path else super().get_data(path)

        def path_stats(self, path: Any) -> dict[str, int]:
            _, size, checksum = index[self.inside]
            return {"mtime": checksum, "size": size}

    class Finder:
        carrier = name, file

        def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
            package, _, inside = fullname.partition(".")
            if package == name:
                stem = inside.replace(".", "/")
                for found in (f"{stem}.py", f"{stem}/__init__.py" if stem else "__init__.py"):
                    if found in index:
                        place = os.path.join(folder, *found.split("/"))
                        loader = Loader(fullname, place)
                        loader.inside = found
                        spec = spec_from_file_location(fullname, place, loader=loader)
                        if spec is not None and spec.submodule_search_locations:
                            # Where the bytecode is there are folders of these names, which are no packages.
                            spec.submodule_search_locations.clear()
                        return spec
            return None

    return _pyjsapi_imported(name, Finder())


def _pyjsapi_in_folder(name: str, file: str) -> Any:
    """Have the package `name` found in the folder of this file."""
    import os
    from importlib.machinery import PathFinder

    folder = os.path.dirname(os.path.abspath(file))

    class Finder:
        carrier = name, file

        def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
            if fullname.partition(".")[0] != name:
                return None
            parents = fullname.split(".")[:-1]
            return PathFinder.find_spec(fullname, [os.path.join(folder, *parents)])

    return _pyjsapi_imported(name, Finder())
