"""Proofs of all functions of a module."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass, field, replace

from pyjsapi.compiler.cache_file import collector_off
from pyjsapi.compiler.control.statemachine import StateMachine
from pyjsapi.compiler.function import translate_once
from pyjsapi.compiler.module import CompiledModule
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.proof import prove
from pyjsapi.compiler.proof.report import Finding

_COLLECT_EVERY = 500
"""Functions after which what they left behind is collected."""


@dataclass
class ModuleReport:
    """What came of proving the functions of a module, or of several."""

    functions: int = 0
    instructions: int = 0
    machines: int = 0
    """Functions that were written as state machines."""
    translating: float = 0.0
    """Seconds of this process."""
    proving: float = 0.0
    findings: list[tuple[int, Finding]] = field(default_factory=list)
    """What is not proved, with the index of the function."""

    def add(self, other: ModuleReport) -> None:
        """Add what came of another module."""
        self.functions += other.functions
        self.instructions += other.instructions
        self.machines += other.machines
        self.translating += other.translating
        self.proving += other.proving
        self.findings += other.findings

    def __str__(self) -> str:
        thousands = max(self.instructions, 1) / 1000
        return (
            f"{len(self.findings)} of {self.functions} functions flagged, {self.machines} state machines, "
            f"{self.instructions} instructions; per 1,000 translated in {self.translating / thousands * 1000:.1f} ms, "
            f"proved in {self.proving / thousands * 1000:.1f} ms"
        )


def prove_compiled(compiled: CompiledModule, options: Options | None = None) -> ModuleReport:
    """Translate every function of a module, with its options or others, and prove it."""
    scope = compiled.default_variant.scope
    options = (scope.options if options is None else options)._replace(proof=True)
    scope = replace(scope, options=options)
    first = compiled.imported_funcs
    report = ModuleReport()
    with collector_off():
        for funcidx in range(first, len(scope.funcs)):
            code = compiled.module.funcs[funcidx - first].code.load()
            start = time.process_time()
            frame = translate_once(scope, funcidx, code)
            translated = time.process_time()
            finding = prove(frame, code)
            report.proving += time.process_time() - translated
            report.translating += translated - start
            report.functions += 1
            report.instructions += len(frame.flat)
            report.machines += isinstance(frame, StateMachine)
            if finding is not None:
                report.findings.append((funcidx, finding))
            if report.functions % _COLLECT_EVERY == 0:
                gc.collect()
    return report
