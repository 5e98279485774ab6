"""The demonstrations inside Pyodide: those that need nothing that is missing there pass, the others say what it is."""

from __future__ import annotations

from pyjsapi.demos.catalogue import PASSED, SKIPPED, find, names
from pyjsapi.demos.report import Line


async def case_demonstrations_pass_or_say_what_they_lack() -> None:
    passed = []
    for name in names():
        lines: list[Line] = []
        demo = find(name)
        status = await demo.run(lines.append)
        text = "\n".join(map(str, lines))
        assert status == (SKIPPED if demo.missing() else PASSED), text
        if status == PASSED:
            passed.append(name)
    assert {"lower_equiv", "three_libs", "typed_list", "web_workers"} <= set(passed)
