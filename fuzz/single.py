"""One program looked at closely."""

from __future__ import annotations

import argparse
import base64
from typing import Any

from rich.console import Console

from fuzz import shrink
from fuzz.bench import Bench
from fuzz.engines.ours_child import source
from fuzz.generators import make
from fuzz.program import Program


def examine_one(
    console: Console, generator: str, arguments: argparse.Namespace, options: dict[str, Any]
) -> int:
    """Run one seed and tell everything asked for; 1 when something differs."""
    case = make(generator, arguments.seed)
    bench = Bench(**options)
    try:
        if arguments.text:
            console.print(text_of(case.program), markup=False, highlight=False, soft_wrap=True)
        findings = bench.examine([case])
        for finding in findings:
            console.print(str(finding), markup=False, highlight=False, soft_wrap=True)
        if arguments.source:
            names = {name.partition("/")[2] for f in findings for name in f.engine.split()}
            for mode in sorted(names - {""}):
                console.print(f"--- {mode}", markup=False, highlight=False, soft_wrap=True)
                binary = base64.b64encode(case.program.binary).decode("ascii")
                console.print(source(binary, mode), markup=False, highlight=False, soft_wrap=True)
        if findings and arguments.shrink:
            small = shrink.shrink(case, findings[0], bench)
            console.print(text_of(small), markup=False, highlight=False, soft_wrap=True)
            console.print(
                "calls:", *map(str, small.calls), markup=False, highlight=False, soft_wrap=True
            )
            for finding in bench.examine([type(case)(case.generator, case.seed, small)]):
                console.print(str(finding), markup=False, highlight=False, soft_wrap=True)
        if not findings:
            console.print(f"{case}: every engine does the same")
        return 1 if findings else 0
    finally:
        bench.close()


def text_of(program: Program) -> str:
    """The module as text; a binary that has none as hexadecimal digits."""
    if isinstance(program.source, str):
        return program.source
    from pyjsapi import wasm2wat
    from pyjsapi.syntax.errors import WasmError

    try:
        return wasm2wat(program.source)
    except WasmError as error:
        return f";; {error}\n{program.source.hex(' ')}"
