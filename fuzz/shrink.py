"""Looks for the smallest program that still differs: our own for texts, ``wasm-tools shrink`` for binaries."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import wasmtime

from fuzz.bench import Bench, Finding
from fuzz.expressions import Path, Tree, lists, parse, replaced, size, write
from fuzz.program import Case, Program
from fuzz.shrink_binaries import fewer_bytes, shrink_binary

SECONDS: Final = 120.0
_LEAVES: Final[tuple[list[Tree], ...]] = (
    ["nop"], ["i32.const", "0"], ["i32.const", "1"], ["i64.const", "0"], ["f64.const", "0"], ["f32.const", "0"],
    ["unreachable"],
)  # fmt: skip

Wrong = Callable[[Program], bool]


def shrink(case: Case, finding: Finding, bench: Bench, seconds: float = SECONDS) -> Program:
    """The smallest program found in a time that shows what a finding shows."""
    engine = finding.engine.split()[0]
    mode = engine.partition("/")[2]
    shape = _shape(finding.what)

    def wrong(program: Program) -> bool:
        modes = (mode,) if mode else None
        found = bench.examine([replace(case, program=program)], modes=modes, quick=engine)
        return any(
            engine in f.engine.split() and _shape(f.what) == shape and "missing" not in f.what
            for f in found
        )

    deadline = time.monotonic() + seconds
    program = case.program
    if not wrong(program):
        return program
    program = _fewer_calls(program, wrong)
    if isinstance(program.source, str):
        program = _smaller_text(program, wrong, deadline)
    else:
        large = program

        def shows(data: bytes) -> bool:
            return wrong(replace(large, source=data))

        small = shrink_binary(program.source, shows, deadline)
        if program.kind == "mutant":
            small = fewer_bytes(small, shows, deadline)
        program = replace(program, source=small)
    return _fewer_calls(program, wrong)


def _shape(what: str) -> str:
    """How two engines differ, without names and numbers: what is made smaller must still do so."""
    found = re.search(r"raises \w+|hangs|crashes|refused|not proved", what)
    if found:
        return found[0]
    return " ".join(re.findall(r"returns|traps|throws|exhausts|memory|global|table|host", what)[:2])


def _fewer_calls(program: Program, wrong: Wrong) -> Program:
    for call in program.calls:
        alone = replace(program, calls=(call,))
        if wrong(alone):
            return alone
    count = len(program.calls)
    for k in reversed(range(count)):
        fewer = replace(program, calls=(*program.calls[:k], *program.calls[k + 1 :]))
        if wrong(fewer):
            program = fewer
    return program


def _smaller_text(program: Program, wrong: Wrong, deadline: float) -> Program:
    assert isinstance(program.source, str)
    (tree,) = parse(program.source)
    tried: set[str] = set()
    start = 0
    while True:
        for k, (path, new) in enumerate(_attempts(tree)):
            # After a success the pass goes on where it was; a whole pass without one is the end.
            if k < start:
                continue
            if time.monotonic() > deadline:
                return program
            smaller = _applied(tree, path, new)
            if smaller is None or size(smaller) >= size(tree):
                continue
            text = write(smaller)
            if text in tried:
                continue
            tried.add(text)
            if _valid(text) and wrong(candidate := replace(program, source=text)):
                tree, program, start = smaller, candidate, k
                break
        else:
            if not start:
                return program
            start = 0


def _valid(text: str | bytes) -> bool:
    try:
        wasmtime.wat2wasm(text)
    except wasmtime.WasmtimeError:
        return False
    return True


def _applied(tree: Tree, path: Path, new: list[Tree]) -> Tree | None:
    try:
        return replaced(tree, path, new)
    except (ValueError, IndexError):
        return None


def _attempts(tree: Tree) -> Iterator[tuple[Path, list[Tree]]]:
    """Changes that may make a tree smaller: large ones first."""
    found = sorted(lists(tree), key=lambda entry: -size(entry[1]))
    for path, node in found:
        if not path:
            continue
        yield path, []
        inner = [child for child in node if isinstance(child, list)]
        # What a block, loop or arm has inside, in its place.
        yield path, list(inner)
        if len(inner) > 1:
            half = len(inner) // 2
            for part in (inner[:half], inner[half:]):
                kept = [child for child in node if not any(child is other for other in part)]
                yield path, [kept]
        for child in inner:
            yield path, [child]
            yield path, [k for k in child if isinstance(k, list)]
        for leaf in _LEAVES:
            if size(leaf) < size(node):
                yield path, [leaf]
    for path, node in found:
        yield from _without_tokens(path, node)


def _without_tokens(path: Path, node: list[Tree]) -> Iterator[tuple[Path, list[Tree]]]:
    """A list without one of its tokens: a target of a table, a local of several."""
    if len(node) < 3:
        return
    for k, child in enumerate(node[1:], 1):
        if isinstance(child, str):
            yield path, [[*node[:k], *node[k + 1 :]]]
