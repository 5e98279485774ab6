"""Writing comparison cases (``web/cases/README.md``): steps with a method for each kind."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

Step = dict[str, Any]


def path(owner: str, name: str) -> str:
    """The path of an export of the instance called ``owner``."""
    if name.isidentifier():
        return f"{owner}.exports.{name}"
    return f"{owner}.exports[{json.dumps(name)}]"


def big(value: int) -> str:
    """A BigInt."""
    return f"${value}n"


class Steps(list[Step]):
    """The steps of a case."""

    def instance(self, module: str, name: str, imports: dict[str, Any] | None = None) -> None:
        """Instantiates ``module``; the instance is called ``name``."""
        self.append({"instance": module, "as": name, **({"imports": imports} if imports else {})})

    def host(self, name: str, **keys: Any) -> None:
        """Defines a host function."""
        self.append({"host": name, **keys})

    def call(self, function: str, *arguments: Any, **keys: Any) -> None:
        """Calls the function at a path."""
        if "as_" in keys:
            keys["as"] = keys.pop("as_")
        self.append({"call": function, "args": list(arguments), **keys})

    def get(self, of: str, expect: Any) -> None:
        """Reads a property."""
        self.append({"get": of, "expect": expect})

    def write(self, memory: str, at: Any, values: Iterable[Any], view: str = "Uint8Array") -> None:
        """Writes elements."""
        self.append({"write": memory, "view": view, "at": at, "values": list(values)})

    def read(self, memory: str, at: Any, count: Any, view: str = "Uint8Array", **keys: Any) -> None:
        """Reads elements."""
        if "as_" in keys:
            keys["as"] = keys.pop("as_")
        self.append({"read": memory, "view": view, "at": at, "count": count, **keys})
