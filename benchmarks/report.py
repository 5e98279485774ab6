"""Tables of results as text that is also Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.comparison import Table
from benchmarks.costs import Cost


def number(value: float) -> str:
    """Three significant digits."""
    if value >= 100:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.1f}"
    if value >= 0.01:
        return f"{value:.2f}"
    return f"{value:.2g}"


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns, the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *others = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "| " + " | ".join([first, *others]) + " |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(head), line(rule), *(line(row) for row in rows)])


def kernel_table(table: Table) -> str:
    """The kernels by engines; a cell is the engine's time ÷ that of pyjsapi."""
    head = [table.subject, "pyjsapi", *table.engines]
    rows = [
        [
            row.kernel,
            f"{row.ms:.3f} ms",
            *(
                f"{number(row.ratios[name])}x" if name in row.ratios else "–"
                for name in table.engines
            ),
        ]
        for row in table.rows
    ]
    means = table.means()
    rows.append(
        [
            "geometric mean",
            "1x",
            *(f"{number(means[name])}x" if name in means else "–" for name in table.engines),
        ]
    )
    return f"{table.title} (a cell: time ÷ time of pyjsapi)\n\n{grid(head, rows)}"


def cost_table(costs: Sequence[Cost]) -> str:
    """The single figures beside their targets."""
    rows = []
    for cost in costs:
        bound = "≥" if cost.at_least else "≤"
        target = "" if cost.target is None else f"{bound} {cost.target:g} {cost.unit}"
        met = {None: "", True: "met", False: "missed"}[cost.met]
        rows.append([cost.name, f"{number(cost.value)} {cost.unit}", target, met, cost.note])
    return grid(["measure", "value", "target", "", "note"], rows)
