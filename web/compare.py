"""Compares pyjsapi with the browsers' own WebAssembly: ``python -m web.compare``.

Builds the site, serves it on the loopback interface, runs the page in each browser without a
window, prints a summary and writes ``report.json``, ``report.html`` and pictures of the finished
pages. The exit code is 0 when every case is equal or explained in every browser, 1 when one is not,
and 2 when the comparison could not run.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Page

from web import catalogue
from web.browsers import BROWSERS, BrowserMissing, new_page, started
from web.build import HARNESS, SITE, BuildError, build, environment
from web.serve import serving
from web.workbench.links import WORKBENCH, Link, links_of

Report = Mapping[str, Any]

STYLES = (
    catalogue.ROOT / "web" / "static" / "style.css",
    HARNESS / "static" / "chart.css",
)
REPORT = catalogue.ROOT / "build" / "report"
TIME_LIMIT_MS = 1_800_000
DIFFERENCES = (
    ("differences", ("native", "browser"), ("pyjsapi", "pyjsapi")),
    ("loweredDifferences", ("native", "browser"), ("lowered", "lowered")),
    ("hostDifferences", ("pyjsapi", "pyjsapi"), ("host", "on this engine")),
)
"""What a report has of a case, and what the two sides are called in it and in words."""
WINDOW = {"width": 1440, "height": 900}
"""Wide enough for a table: as cards the page is taller than a picture may be."""


class PageFailed(Exception):
    """The page itself failed, so that there is no report."""


@dataclass(frozen=True)
class Finished:
    """The page after a whole run, where its pictures are, and what the console was told meanwhile."""

    name: str
    page: Page
    report: dict[str, Any]
    pictures: Path
    complaints: list[str]


def open_page(browser: Browser, url: str) -> Page:
    """Opens the comparison page; the caller waits for it."""
    page = new_page(browser, viewport={"width": WINDOW["width"], "height": WINDOW["height"]})
    page.goto(url)
    return page


def wait_for_report(page: Page) -> dict[str, Any]:
    """Waits until the page is done and returns its report; raises PageFailed or a TimeoutError."""
    page.wait_for_function("window.report || window.failure", timeout=TIME_LIMIT_MS)
    failure = page.evaluate("window.failure")
    if failure:
        raise PageFailed(f"the comparison page stopped: {failure}")
    report: dict[str, Any] = page.evaluate("window.report")
    return report


def is_good(report: Report) -> bool:
    """Is every case of the report equal or explained?"""
    return (
        bool(report["complete"]) and not report["problems"] and not report["summary"]["different"]
    )


def run(name: str, url: str, folder: Path) -> dict[str, Any]:
    """Runs the page in one browser and takes its picture; raises BrowserMissing or playwright's Error."""
    with started(name) as browser:
        page = open_page(browser, url)
        report = wait_for_report(page)
        report["browser"]["version"] = browser.version
        page.screenshot(path=folder / f"{name}.png")
        page.screenshot(path=folder / f"{name}-full.png", full_page=True)
        return report


def _rows(reports: Sequence[Report]) -> list[list[str]]:
    rows = [
        ["browser", "cases", "equal", "explained", "different", "browser ms", "pyjsapi ms", "ratio"]
    ]
    for report in reports:
        total, browser = report["summary"], report["browser"]
        ratio = total["pyjsapiMs"] / total["nativeMs"] if total["nativeMs"] else float("nan")
        counts = [str(total[key]) for key in ("cases", "equal", "explained", "different")]
        times = [f"{total['nativeMs']:.0f}", f"{total['pyjsapiMs']:.0f}", f"{ratio:.1f}"]
        rows.append([f"{browser['name']} {browser['version']}", *counts, *times])
    return rows


def summary_table(reports: Sequence[Report]) -> str:
    """The reports as a table of text, one line for each browser."""
    rows = _rows(reports)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            row[0].ljust(widths[0]),
            *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def unexplained(report: Report) -> list[str]:
    """One line for everything in the report that is neither equal nor explained."""
    lines = []
    if not report["complete"]:
        lines.append(f"stopped: {report['fatal']}")
    lines += [f"a listed difference names no case: {entry['case']}" for entry in report["problems"]]
    for case in report["cases"]:
        if case.get("status") != "different":
            continue
        if case.get("failure"):
            lines.append(f"{case['id']}: {case['failure']}")
        for key, (first, first_name), (second, second_name) in DIFFERENCES:
            for item in case.get(key, ()):
                if "reason" not in item:
                    one, other = json.dumps(item[first]), json.dumps(item[second])
                    lines.append(
                        f"{case['id']} {item['path']}: {first_name} {one}, {second_name} {other}"
                    )
        lines += [
            f"{case['id']} {s['path']}: a listed difference did not occur" for s in case["stale"]
        ]
        for item in case["unmet"]:
            wanted, got = json.dumps(item["expected"]), json.dumps(item["actual"])
            lines.append(f"{case['id']} {item['path']}: expected {wanted}, got {got}")
    return lines


@dataclass(frozen=True)
class Times:
    """Ratios of times to the browser's own, by group of cases: a column for each browser and way."""

    columns: list[str]
    rows: list[tuple[str, list[float | None]]]


def _mean_ratio(cases: Sequence[Report], way: str) -> float | None:
    """The geometric mean of the ratios of those cases that have both times."""
    logs = [
        math.log(ours / theirs)
        for case in cases
        if (ours := (case.get(way) or {}).get("ms"))
        and (theirs := (case.get("native") or {}).get("ms"))
    ]
    return math.exp(sum(logs) / len(logs)) if logs else None


def times_of(reports: Sequence[Report]) -> Times:
    """What the chart of the report shows."""
    groups = list(dict.fromkeys(case["group"] for report in reports for case in report["cases"]))
    ways = [(report, way) for report in reports for way in ("pyjsapi", "host", "lowered")]
    rows = [
        (
            group,
            [
                _mean_ratio([case for case in report["cases"] if case["group"] == group], way)
                for report, way in ways
            ],
        )
        for group in groups
    ]
    found = [row for row in rows if any(ratio is not None for ratio in row[1])]
    return Times([f"{report['browser']['name']} {way}" for report, way in ways], found)


def write_report(
    reports: Sequence[Report],
    folder: Path,
    links: Mapping[str, Sequence[Link]] | None = None,
    workbench: str = WORKBENCH,
) -> None:
    """Writes ``report.json`` and ``report.html``, which links the modules of its cases into the workbench."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(reports, indent=1), "utf-8")
    by_case: dict[str, dict[str, Any]] = {}
    for report in reports:
        for case in report["cases"]:
            row = by_case.setdefault(case["id"], {"case": case, "results": {}})
            row["results"][report["browser"]["name"]] = case
    page = (
        environment()
        .get_template("report.html.j2")
        .render(
            reports=reports,
            rows=list(by_case.values()),
            links=links or {},
            workbench=workbench,
            problems={report["browser"]["name"]: unexplained(report) for report in reports},
            times=times_of(reports),
            chart=(HARNESS / "static" / "chart.mjs").read_text("utf-8"),
            style="".join(path.read_text("utf-8") for path in STYLES),
        )
    )
    (folder / "report.html").write_text(page, "utf-8")


def compare(
    names: Sequence[str], folder: Path, only: Sequence[str] = (), workbench: str = WORKBENCH
) -> list[dict[str, Any]]:
    """Builds and serves the site, runs every browser, and writes the report."""
    build(SITE)
    cases = json.loads((SITE / "cases.json").read_text("utf-8"))["cases"]
    known = {case["id"]: case for case in cases}
    if strangers := set(only) - set(known):
        raise catalogue.CatalogueError(f"no case {', '.join(sorted(strangers))}")
    query = f"?only={','.join(only)}" if only else ""
    folder.mkdir(parents=True, exist_ok=True)
    reports = []
    with serving(SITE) as url:
        for name in names:
            print(f"running the cases in {name} …", file=sys.stderr, flush=True)
            reports.append(run(name, url + query, folder))
    links = {name: links_of(case) for name, case in known.items() if case.get("modules")}
    write_report(reports, folder, links, workbench)
    return reports


def main(arguments: list[str] | None = None) -> int:
    """Command line of the comparison."""
    parser = argparse.ArgumentParser(prog="python -m web.compare", description=__doc__)
    parser.add_argument(
        "--browser", action="append", choices=BROWSERS, help="a browser to run (default: all)"
    )
    parser.add_argument(
        "--report", type=Path, default=REPORT, help="folder of the report (default build/report)"
    )
    parser.add_argument(
        "--workbench",
        default=WORKBENCH,
        metavar="URL",
        help=f"the workbench that the report's links lead to (default {WORKBENCH}, of make serve)",
    )
    parser.add_argument("--only", default="", help="ids of the cases to run, separated by commas")
    parser.add_argument(
        "--json", action="store_true", help="print the reports as JSON instead of a table"
    )
    options = parser.parse_args(arguments)
    only = [name for name in options.only.split(",") if name]
    try:
        reports = compare(options.browser or BROWSERS, options.report, only, options.workbench)
    except (BuildError, catalogue.CatalogueError, BrowserMissing, PageFailed) as error:
        print(error, file=sys.stderr)
        return 2
    except Error as error:
        print(f"the comparison stopped: {error.message}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(reports, indent=1))
    else:
        print(summary_table(reports))
        for report in reports:
            for line in unexplained(report):
                print(f"{report['browser']['name']}: {line}")
        print(f"\nreport: {options.report / 'report.html'}")
    return 0 if all(map(is_good, reports)) else 1


if __name__ == "__main__":
    sys.exit(main())
