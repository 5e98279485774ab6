"""The proposals of WebAssembly: how far each is, how this package has it, and who else does.

One row each. `pyjsapi features` prints them, and ``make generate`` makes docs/features.md of them; what is on or off by
default is read from `Features`, the instructions from their table, the tests from what ``scripts/proposal_tests.py``
and ``scripts/conformance.py`` have found. Phases and dates: the repositories WebAssembly/proposals and
WebAssembly/meetings. Engines: features.json of WebAssembly/website of 2026-08-21, the documentation of Wasmtime of the
same day, and what Node 26.12 and Bun 1.4 (JavaScriptCore) do; a version is the first that has it by default.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from pyjsapi.syntax.features import Features
from pyjsapi.syntax.instructions import OPS

ENGINES: Final = ("chrome", "firefox", "safari", "node", "wasmtime")
"""The engines of a row. Safari stands for JavaScriptCore."""
FINISHED: Final = 5


@dataclasses.dataclass(frozen=True)
class Proposal:
    """One row."""

    name: str
    repository: str
    """Its name in the organisation WebAssembly; empty for what is this package's own."""
    phase: int
    """Of the process, 5 for what is finished, 0 for what has none."""
    since: str
    """When it came to that phase: a day, or a month, as far as that is known."""
    field: str = ""
    """The field of `Features`, if there is one: that says how it is here."""
    has: str = ""
    """How it is here where no field says so."""
    scripts: str = ""
    """Its scripts in WebAssembly/testsuite: patterns of paths, divided by spaces."""
    api: str = ""
    """Its files among the tests of the JS API: beginnings of paths, divided by spaces."""
    engines: dict[str, str] = dataclasses.field(default_factory=dict)
    """The first version that has it by default, or ``flag``; nothing where the sources have nothing."""
    note: str = ""

    @property
    def here(self) -> str:
        """How this package has it: ``default``, ``flag``, or what ``has`` says."""
        if not self.field:
            return self.has
        return "default" if getattr(Features(), self.field) else "flag"

    @property
    def instructions(self) -> int:
        """How many instructions are its own."""
        return len({op.mnemonic for op in OPS if op.feature == self.field}) if self.field else 0

    def facts(self, tests: dict[str, tuple[int, int]]) -> dict[str, Any]:
        """The row for programs; ``tests`` are those that passed, and all of them, by name."""
        passed, total = tests.get(self.name, (0, 0))
        return {
            "name": self.name,
            "url": f"https://github.com/WebAssembly/{self.repository}" if self.repository else None,
            "phase": self.phase or None,
            "since": self.since or None,
            "pyjsapi": self.here,
            "feature": self.field or None,
            "instructions": self.instructions,
            "tests": {"passed": passed, "of": total} if total else None,
            "engines": {engine: self.engines.get(engine) for engine in ENGINES},
            "note": self.note or None,
        }


def without_row() -> list[str]:
    """The fields of `Features` that no row has."""
    named = {proposal.field for proposal in PROPOSALS}
    return [one.name for one in dataclasses.fields(Features) if one.name not in named]


def _in(**versions: str) -> dict[str, str]:
    return versions


# fmt: off
PROPOSALS: Final[tuple[Proposal, ...]] = (
    Proposal(
        "Mutable globals, imported and exported", "mutable-global", 5, "2018-06-06",
        has="yes",
        scripts="global.wast linking.wast",
        engines=_in(chrome="74", firefox="61", safari="13.1", node="12.0", wasmtime="yes"),
    ),
    Proposal(
        "Conversions of floats that do not trap", "nontrapping-float-to-int-conversions", 5, "2020-03-11",
        field="saturating_float_to_int",
        scripts="conversions.wast",
        engines=_in(chrome="75", firefox="64", safari="15", node="12.5", wasmtime="yes"),
    ),
    Proposal(
        "Sign extension", "sign-extension-ops", 5, "2020-03-11",
        field="sign_extension",
        scripts="i32.wast i64.wast",
        engines=_in(chrome="74", firefox="62", safari="14.1", node="12.0", wasmtime="yes"),
    ),
    Proposal(
        "Multiple values", "multi-value", 5, "2020-03-11",
        field="multi_value",
        scripts="block.wast func.wast if.wast loop.wast br.wast call.wast",
        api="js-api/constructor/multi-value",
        engines=_in(chrome="85", firefox="78", safari="13.1", node="15.0", wasmtime="0.17"),
    ),
    Proposal(
        "BigInt for i64", "JS-BigInt-integration", 5, "2020-06-09",
        has="yes",
        api="js-api/global/",
        engines=_in(chrome="85", firefox="78", safari="15", node="15.0"),
        note="an `int` in Python",
    ),
    Proposal(
        "Reference types", "reference-types", 5, "2021-02-10",
        field="reference_types",
        scripts="ref_*.wast table_get.wast table_set.wast table_grow.wast table_size.wast "
        "table_fill.wast select.wast",
        api="js-api/table/",
        engines=_in(chrome="96", firefox="79", safari="15", node="17.2", wasmtime="0.20"),
    ),
    Proposal(
        "Bulk memory", "bulk-memory-operations", 5, "2021-02-10",
        field="bulk_memory",
        scripts="bulk.wast memory_copy.wast memory_fill.wast memory_init.wast table_copy.wast table_init.wast",
        engines=_in(chrome="75", firefox="79", safari="15", node="12.5", wasmtime="0.20"),
    ),
    Proposal(
        "SIMD of 128 bits", "simd", 5, "2021-07-14",
        field="simd",
        scripts="simd_*.wast",
        engines=_in(chrome="91", firefox="89", safari="16.4", node="16.4", wasmtime="0.33"),
    ),
    Proposal(
        "Tail calls", "tail-call", 5, "2024-07-10",
        field="tail_call",
        scripts="return_call*.wast",
        engines=_in(chrome="112", firefox="121", safari="18.2", node="20.0", wasmtime="22"),
    ),
    Proposal(
        "Extended constant expressions", "extended-const", 5, "2024-07-10",
        field="extended_const",
        scripts="global.wast data.wast elem.wast",
        engines=_in(chrome="114", firefox="112", safari="17.4", node="21.0", wasmtime="25"),
    ),
    Proposal(
        "Typed function references", "function-references", 5, "2024-07-10",
        field="function_references",
        scripts="call_ref.wast return_call_ref.wast br_on_non_null.wast br_on_null.wast "
        "ref_as_non_null.wast local_init.wast type-*.wast",
        engines=_in(chrome="119", firefox="120", safari="18", node="22.0", wasmtime="47"),
    ),
    Proposal(
        "Garbage collection", "gc", 5, "2024-07-10",
        field="gc",
        scripts="array*.wast struct.wast i31.wast extern.wast ref_cast.wast ref_test.wast ref_eq.wast "
        "br_on_cast*.wast binary-gc.wast type-subtyping.wast",
        api="js-api/gc/",
        engines=_in(chrome="119", firefox="120", safari="18.2", node="22.0", wasmtime="47"),
    ),
    Proposal(
        "Several memories", "multi-memory", 5, "2024-07-10",
        field="multi_memory",
        scripts="memory-multi.wast simd_memory-multi.wast *0.wast *1.wast imports2.wast imports3.wast "
        "imports4.wast load2.wast memory_size2.wast memory_size3.wast",
        engines=_in(chrome="120", firefox="125", safari="Bun 1.4", node="22.0", wasmtime="15"),
    ),
    Proposal(
        "Relaxed SIMD", "relaxed-simd", 5, "2024-07-10",
        field="relaxed_simd",
        scripts="*relaxed*.wast",
        engines=_in(chrome="114", firefox="145", safari="Bun 1.4", node="21.0", wasmtime="15"),
    ),
    Proposal(
        "Custom annotations in the text format", "annotations", 5, "2024-07-10",
        has="yes",
        scripts="annotations.wast custom/custom_annot.wast custom/name_annot.wast",
        engines=_in(wasmtime="yes"),
    ),
    Proposal(
        "Branch hints", "branch-hinting", 5, "2024-07-10",
        has="yes",
        scripts="custom/branch_hint.wast",
        engines=_in(chrome="137", firefox="flag", safari="16", node="26", wasmtime="flag"),
        note="in binary and text, and kept when code is rewritten; Python code does not heed them",
    ),
    Proposal(
        "Exceptions", "exception-handling", 5, "2025-07-23",
        field="exceptions",
        scripts="throw.wast throw_ref.wast try_table.wast tag.wast",
        api="js-api/exception/ js-api/tag/",
        engines=_in(chrome="137", firefox="131", safari="18.4", node="24.15", wasmtime="47"),
    ),
    Proposal(
        "String builtins", "js-string-builtins", 5, "2025-07-23",
        has="yes",
        api="js-api/js-string/",
        engines=_in(chrome="130", firefox="134", safari="26.2", node="26"),
        note="by a compile option, as everywhere",
    ),
    Proposal(
        "Memories and tables with 64-bit addresses", "memory64", 5, "2025-07-23",
        field="memory64",
        scripts="*64.wast memory64-imports.wast",
        api="js-api/memory/constructor-memory64 js-api/memory/grow-memory64 "
        "js-api/table/constructor-memory64 js-api/table/grow-memory64",
        engines=_in(chrome="133", firefox="134", node="24.0", wasmtime="30"),
    ),
    Proposal(
        "Promise integration", "js-promise-integration", 5, "2026-06-24",
        has="yes",
        api="js-api/js-promise-integration/",
        engines=_in(chrome="137", firefox="153", safari="Bun 1.4", node="26.0"),
        note="by greenlet or threads; in Pyodide and for JavaScript where the engine switches stacks",
    ),
    Proposal(
        "Web content security policy", "content-security-policy", 5, "2026-06-24",
        has="not applicable",
        engines=_in(chrome="97", firefox="102", safari="16"),
        note="a matter of pages; the polyfill works below a strict policy",
    ),
    Proposal(
        "Threads", "threads", 4, "2023-10",
        field="threads",
        scripts="proposals/threads/*.wast",
        engines=_in(chrome="74", firefox="79", safari="14.1", node="16.4", wasmtime="15"),
    ),
    Proposal(
        "Wide arithmetic", "wide-arithmetic", 4, "2026-08-05",
        field="wide_arithmetic",
        scripts="proposals/wide-arithmetic/*.wast",
        engines=_in(chrome="flag", firefox="flag", safari="Bun 1.4", wasmtime="49"),
    ),
    Proposal(
        "Compact import section", "compact-import-section", 4, "2026-08-04",
        field="compact_imports",
        engines=_in(),
        note="17 of 19 assertions of the proposal's scripts pass; two are refused in other words",
    ),
    Proposal(
        "Custom page sizes", "custom-page-sizes", 3, "2025-03-25",
        field="custom_page_sizes",
        scripts="proposals/custom-page-sizes/*.wast",
        engines=_in(wasmtime="flag"),
    ),
    Proposal(
        "ESM integration", "esm-integration", 3, "2024-04-09",
        has="yes",
        engines=_in(node="26"),
        note="Python's `import`, after `pyjsapi.importing.install()`; with hooks for Node 26 of 31 subtests pass",
    ),
    Proposal(
        "Stack switching", "stack-switching", 3, "2026-01",
        field="stack_switching",
        engines=_in(chrome="flag", node="flag", wasmtime="flag"),
        note="187 assertions of Wasmtime's scripts and the proposal's pass",
    ),
    Proposal(
        "Custom descriptors", "custom-descriptors", 3, "2026-01-27",
        field="custom_descriptors",
        scripts="proposals/custom-descriptors/*.wast",
        engines=_in(node="flag"),
        note="the core of it; prototypes that descriptors configure in JavaScript are not there",
    ),
    Proposal(
        "Acquire-release atomics", "acquire-release-atomics", 2, "2026-05-19",
        field="acquire_release",
        engines=_in(),
        note="sequentially consistent, as all is here; 240 of the proposal's 240 assertions pass",
    ),
    Proposal(
        "Relaxed dead code validation", "relaxed-dead-code-validation", 2, "2020-11",
        has="no",
        engines=_in(),
    ),
    Proposal(
        "Numbers in data segments of the text format", "wat-numeric-values", 2, "2020-11",
        has="no",
        engines=_in(),
    ),
    Proposal(
        "Extended name section", "extended-name-section", 2, "2023-08",
        has="yes",
        scripts="custom/name_annot.wast",
        engines=_in(),
    ),
    Proposal(
        "Rounding variants", "rounding-mode-control", 2, "2025-01",
        has="no",
        engines=_in(),
    ),
    Proposal(
        "Compilation hints", "compilation-hints", 2, "2025-02",
        has="no",
        engines=_in(chrome="flag", node="flag"),
        note="the sections are ignored, as hosts may do",
    ),
    Proposal(
        "JS primitive builtins", "js-primitive-builtins", 2, "2025-11",
        has="no",
        engines=_in(),
    ),
    Proposal(
        "Memory control", "memory-control", 1, "2022-04",
        field="memory_control",
        engines=_in(node="flag"),
        note="`memory.discard`, `Memory.map`, `protect` and their kin",
    ),
    Proposal(
        "Type reflection", "js-types", 1, "2026-03-24",
        has="extension",
        engines=_in(chrome="flag", firefox="flag", safari="flag", node="flag"),
        note="`.type()` alone; there is no `WebAssembly.Function`",
    ),
    Proposal(
        "Component model", "component-model", 1, "2022-05",
        has="no",
        engines=_in(),
        note="`jco transpile` makes modules of components",
    ),
    Proposal(
        "Half precision", "half-precision", 1, "2024-04",
        has="no",
        engines=_in(node="flag"),
    ),
    Proposal(
        "Multibyte array access", "multibyte-array-access", 1, "2025-11",
        has="no",
        engines=_in(),
    ),
    Proposal(
        "Shared-everything threads", "shared-everything-threads", 1, "2023-11",
        has="no",
        engines=_in(),
    ),
    Proposal(
        "Exceptions in their first form", "exception-handling", 0, "",
        field="legacy_exceptions",
        scripts="legacy/*.wast",
        engines=_in(chrome="95", firefox="100", safari="15.2", node="17.0"),
    ),
    Proposal(
        "Section `pyjsapi.memory-map`", "", 0, "",
        field="memory_map_section",
        note="this package's own: what the host maps into memories",
    ),
)
