"""The outcome of a comparison as text, as plain data, and as one page that needs nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any, Final

from pyjsapi.comparison.engines import STATIC
from pyjsapi.comparison.verdicts import DIFFERENT, EQUAL, Verdict, ratio, show

Json = Any
REFERENCE: Final = "python"


@dataclass(frozen=True)
class Comparison:
    """What a run came to. The first engine is the one that all others are compared with."""

    folder: str
    engines: tuple[str, ...]
    versions: Mapping[str, str]
    verdicts: Sequence[Verdict]

    @property
    def differs(self) -> bool:
        """Whether anything is not as it should be."""
        return any(verdict.status == DIFFERENT for verdict in self.verdicts)

    def counts(self, engine: str) -> tuple[int, int, int]:
        """How many cases were equal, different and not run."""
        statuses = [verdict.statuses[engine] for verdict in self.verdicts]
        equal, different = statuses.count(EQUAL), statuses.count(DIFFERENT)
        return equal, different, len(statuses) - equal - different


def _rows(comparison: Comparison) -> Iterator[list[str]]:
    yield ["engine", "version", "equal", "different", "not run", "time ÷ python"]
    for engine in comparison.engines:
        found = ratio(comparison.verdicts, engine, REFERENCE)
        counts = map(str, comparison.counts(engine))
        yield [
            engine,
            comparison.versions.get(engine, ""),
            *counts,
            "–" if found is None else f"{found:.3g}",
        ]


def table(comparison: Comparison) -> str:
    """The outcome for a terminal: a line an engine, and a line for all that differs."""
    rows = list(_rows(comparison))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([*lines, *differences(comparison)])


def differences(comparison: Comparison) -> list[str]:
    """A line for all that is not as it should be."""
    lines = []
    for verdict in comparison.verdicts:
        if verdict.findings:
            lines += ["", f"{verdict.case.id}: {verdict.case.title}"]
        for finding in verdict.findings:
            where = "" if finding.step is None else f"{verdict.case.labels[finding.step]}: "
            lines.append(f"  {finding.engine}: {where}{finding.what}")
    return lines


def data(comparison: Comparison) -> dict[str, Json]:
    """The outcome for programs."""
    return {
        "folder": comparison.folder,
        "differs": comparison.differs,
        "engines": [
            {
                "name": engine,
                "version": comparison.versions.get(engine),
                **dict(
                    zip(("equal", "different", "not run"), comparison.counts(engine), strict=True)
                ),
                "time ratio": ratio(comparison.verdicts, engine, REFERENCE),
            }
            for engine in comparison.engines
        ],
        "cases": [_case_data(verdict) for verdict in comparison.verdicts],
    }


def _case_data(verdict: Verdict) -> dict[str, Json]:
    case = verdict.case
    return {
        "id": case.id,
        "title": case.title,
        "group": case.group,
        "status": verdict.status,
        "findings": [
            {
                "engine": finding.engine,
                "step": finding.step,
                "what": finding.what,
            }
            for finding in verdict.findings
        ],
        "steps": case.labels,
        "engines": {
            engine: {
                "status": verdict.statuses[engine],
                **{key: answer[key] for key in ("ms", "failure", "unable") if key in answer},
                "outcomes": verdict.entries(engine),
            }
            for engine, answer in verdict.answers.items()
        },
    }


def page(comparison: Comparison) -> str:
    """The outcome as a page of HTML; its charts are drawn from its tables, by the script in it."""
    style = "".join((STATIC / name).read_text("utf-8") for name in ("report.css", "chart.css"))
    script = (STATIC / "chart.mjs").read_text("utf-8")
    total = len(comparison.verdicts)
    bad = sum(verdict.status == DIFFERENT for verdict in comparison.verdicts)
    outcome = (
        f'<span class="different">{bad} of {total} cases differ</span>'
        if bad
        else f"{total} cases, all equal"
    )
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(comparison.folder)} compared</title>",
            f"<style>\n{style}</style>\n</head>\n<body>\n<main>",
            f"<h1>{escape(comparison.folder)} compared</h1>",
            f'<p>{outcome} <span class="dim">— {time.strftime("%Y-%m-%d %H:%M", time.gmtime())} UTC</span></p>',
            *_engines_section(comparison),
            *_ratios_section(comparison),
            *(line for group in _groups(comparison) for line in group),
            f'</main>\n<script type="module">\n{script}\nshowCharts(document);\n</script>',
            "</body>\n</html>\n",
        ]
    )


def _head(*names: str) -> str:
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    return f"<thead><tr>{cells}</tr></thead>"


def _frame(label: str) -> str:
    """What scrolls where a table is wider than the window: by keyboard too."""
    return f'<div class="frame" tabindex="0" role="region" aria-label="{escape(label)}">'


def _engines_section(comparison: Comparison) -> Iterator[str]:
    names, *rows = _rows(comparison)
    yield f"<h2>Engines</h2>\n{_frame('Engines')}<table>{_head(*names)}<tbody>"
    for engine, *cells in rows:
        told = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        yield f'<tr><th scope="row">{escape(engine)}</th>{told}</tr>'
    yield "</tbody></table></div>"


def _ratios_section(comparison: Comparison) -> Iterator[str]:
    """How long each case took, as a multiple of what it took in the Python face."""
    others = [engine for engine in comparison.engines if engine != REFERENCE]
    if not others:
        return
    yield "<h2>Times ÷ python</h2>"
    yield f"<details><summary>As a table</summary>{_frame('Times as a table')}"
    yield f"<table data-chart>{_head('case', *others)}<tbody>"
    for verdict in comparison.verdicts:
        cells = []
        for engine in others:
            found = ratio([verdict], engine, REFERENCE)
            cells.append(
                "<td>–</td>" if found is None else f'<td data-value="{found:.6g}">{found:.3g}</td>'
            )
        yield f'<tr><th scope="row">{escape(verdict.case.title)}</th>{"".join(cells)}</tr>'
    yield "</tbody></table></div></details>"


def _groups(comparison: Comparison) -> Iterator[Iterator[str]]:
    for name, verdicts in groupby(comparison.verdicts, key=lambda verdict: verdict.case.group):
        yield _group(name, list(verdicts), comparison.engines)


def _group(name: str, verdicts: Sequence[Verdict], engines: Sequence[str]) -> Iterator[str]:
    yield f"<h2>{escape(name)}</h2>"
    yield f"{_frame(name)}<table>{_head('case', *engines)}<tbody>"
    for verdict in verdicts:
        cells = "".join(_cell(verdict, engine) for engine in engines)
        yield f'<tr><th scope="row">{escape(verdict.case.title)}{_steps(verdict, engines)}</th>{cells}</tr>'
    yield "</tbody></table></div>"


def _cell(verdict: Verdict, engine: str) -> str:
    status, answer = verdict.statuses[engine], verdict.answers[engine]
    why = answer.get("failure", answer.get("unable", ""))
    ms = f'<span class="ms">{answer["ms"]:.3g} ms</span>' if "ms" in answer else ""
    told = [
        finding
        for finding in verdict.findings
        if finding.engine == engine and finding.step is not None
    ]
    lines = "".join(
        f"<code>{escape(verdict.case.labels[one.step or 0])}: {escape(one.what)}</code><br>"
        for one in told
    )
    note = f'<span class="ms">{escape(why)}</span>' if why else ""
    return f'<td><span class="{status.replace(" ", "-")}">{status}</span>{ms}{note}{lines}</td>'


def _steps(verdict: Verdict, engines: Sequence[str]) -> str:
    """Every step with what it came to on every engine."""
    columns = [
        (engine, entries) for engine in engines if (entries := verdict.entries(engine)) is not None
    ]
    rows = []
    for k, label in enumerate(verdict.case.labels):
        cells = "".join(
            f"<td><code>{escape(show(entries[k], verdict.case.hosts))}</code></td>"
            for _, entries in columns
        )
        rows.append(f'<tr><th scope="row"><code>{escape(label)}</code></th>{cells}</tr>')
    head = _head("step", *(engine for engine, _ in columns))
    table_ = f"<table>{head}<tbody>{''.join(rows)}</tbody></table>"
    return f"<details><summary>{escape(verdict.case.id)}</summary>{table_}</details>"


def write_json(comparison: Comparison) -> str:
    """`data` as text."""
    return json.dumps(data(comparison), indent=1)
