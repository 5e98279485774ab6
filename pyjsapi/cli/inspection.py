"""What ``pyjsapi inspect`` says of a module: imports, exports, memories, tables, sections, and the features it uses."""

from __future__ import annotations

from typing import Any, Final

from pyjsapi import WebAssembly
from pyjsapi.binary.decoder import section_sizes
from pyjsapi.embedding.used_features import features_used
from pyjsapi.jsapi.memory import memory_type
from pyjsapi.jsapi.module import kind_name, type_object
from pyjsapi.jsapi.table import table_type
from pyjsapi.runtime.instantiate import describe
from pyjsapi.syntax.spelling import counted
from pyjsapi.syntax.types import ExternType


def facts(module: WebAssembly.Module) -> dict[str, Any]:
    """All of it as simple values; types as in type reflection, and as text."""
    compiled = module._compiled
    context = compiled.context
    imports = zip(compiled.module.imports, context.imports, strict=True)
    return {
        "bytes": len(compiled.data),
        "features": features_used(compiled.data),
        "imports": [{"module": one.module, "name": one.name, **_item(type_)} for one, type_ in imports],
        "exports": [{"name": one.name, **_item(type_)} for one, type_ in compiled.exports()],
        "memories": [{"type": memory_type(type_), "text": describe(type_)} for type_ in context.mems],
        "tables": [{"type": table_type(type_), "text": describe(type_)} for type_ in context.tables],
        "functions": len(context.funcs),
        "sections": [
            {"name": name, "bytes": size} if title is None else {"name": name, "title": title, "bytes": size}
            for name, title, size in section_sizes(compiled.data)
        ],
    }  # fmt: skip


def _item(type_: ExternType) -> dict[str, Any]:
    return {"kind": kind_name(type_), "type": type_object(type_), "text": describe(type_)}


def table(given: dict[str, Any]) -> str:
    """The facts for people."""
    lines = [
        f"{counted(given['bytes'], 'byte')}, {counted(given['functions'], 'function')}",
        f"features: {', '.join(given['features']) or 'none beyond WebAssembly 1.0'}",
        *_rows("imports", [(f"{_q(i['module'])} {_q(i['name'])}", i["text"]) for i in given["imports"]]),
        *_rows("exports", [(_q(e["name"]), e["text"]) for e in given["exports"]]),
        *_rows("memories", [(str(i), m["text"]) for i, m in enumerate(given["memories"])]),
        *_rows("tables", [(str(i), t["text"]) for i, t in enumerate(given["tables"])]),
        *_rows(
            "sections",
            [
                (f"{s['name']} {_q(s['title'])}" if "title" in s else s["name"], counted(s["bytes"], "byte"))
                for s in given["sections"]
            ],
        ),
    ]  # fmt: skip
    return "\n".join(lines)


_WIDEST: Final = 72
"""Where the second column starts at the latest: one name of thousands of characters shall not move all others."""


def _rows(title: str, rows: list[tuple[str, str]]) -> list[str]:
    if not rows:
        return [f"{title}: none"]
    width = min(max(len(first) for first, _ in rows), _WIDEST)
    return [f"{title}:", *(f"  {first:<{width}}  {second}" for first, second in rows)]


def _q(name: str) -> str:
    return f'"{name}"' if name.isprintable() else f'"{repr(name)[1:-1]}"'
