"""Every sample of README and docs/ is run, section by section.

A section is what stands between two headings; its samples run one after the other, in a folder of their own. In
comments, which readers do not see, a text may say more:

- ``<!-- python … -->`` (or sh, js) is code that is run where it stands: what samples need, or have to have done;
- ``<!-- file: NAME -->`` writes the next block to a file, for others to run;
- ``<!-- in Pyodide -->`` has the section run in Pyodide under Node;
- ``<!-- not run: … -->`` leaves the next block out, with the reason.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from markdown_it import MarkdownIt

from tests.project import sample_runner
from tests.project.sample_runner import Sample

ROOT: Final = Path(__file__).resolve().parents[2]
TEXTS: Final = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "examples" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
RUN: Final = ("python", "sh", "js")
NO_CODE: Final = ("", "text", "{toctree}")
# As a newcomer runs them, in an environment of their own, or in their hosts.
ELSEWHERE: Final = {
    ("README.md", "Python"): "tests/project/test_readme.py",
    ("README.md", "Node"): "tests/project/test_readme.py",
    ("README.md", "A page"): "tests/project/test_readme.py",
    ("README.md", "Pyodide"): "tests/project/test_readme.py",
    ("README.md", "In Python"): "tests/project/test_readme.py",
    ("README.md", "PyScript"): "tests/hosts/test_pyscript.py",
    ("README.md", "JupyterLite"): "tests/hosts/test_jupyterlite.py",
}


@dataclass
class Section:
    """What a text says between two headings."""

    name: str
    title: str
    samples: list[Sample] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Blocks of which nobody said what becomes of them."""
    in_pyodide: bool = False


def sections(path: Path) -> Iterator[Section]:
    """The sections of a text, those without samples too."""
    name = path.relative_to(ROOT).as_posix()
    section = Section(name, "")
    left_out, file = False, ""
    tokens = MarkdownIt().parse(path.read_text(encoding="utf-8"))
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "heading_open":
            yield section
            section = Section(name, following.content if following else "")
        elif token.type == "html_block":
            comment = re.fullmatch(r"<!--\s*(.*?)\s*-->\s*", token.content, re.DOTALL)
            assert comment is not None, f"{name}:{line}: HTML that is no comment"
            language, _, code = comment[1].partition("\n")
            if comment[1].startswith("Made by "):
                continue
            if comment[1] == "in Pyodide":
                section.in_pyodide = True
            elif re.match(r"not run: \w", comment[1]):
                left_out = True
            elif comment[1].startswith("file: "):
                file = comment[1].replace(":", "", 1)
            else:
                assert language in RUN, f"{name}:{line}: unknown comment"
                section.samples.append(Sample(language=language, code=code, name=name, line=line))
        elif token.type == "fence":
            language = token.info.strip()
            if language in NO_CODE:
                section.texts.append(token.content)
            elif language in RUN and not left_out:
                sample = Sample(language=file or language, code=token.content, name=name, line=line)
                section.samples.append(sample)
            elif not left_out:
                section.unknown.append(f"{name}:{line}")
            left_out, file = False, ""
    yield section


ALL: Final = [section for path in TEXTS for section in sections(path)]
HERE: Final = [
    section
    for section in ALL
    if (section.samples or section.unknown) and (section.name, section.title) not in ELSEWHERE
]


def test_no_block_is_forgotten() -> None:
    assert {(section.name, section.title) for section in ALL} >= ELSEWHERE.keys()
    for (name, title), test in ELSEWHERE.items():
        assert f'"{title}"' in (ROOT / test).read_text(encoding="utf-8"), f"{name}: {title}"
    assert not [block for section in HERE for block in section.unknown]


def test_a_section_has_its_title_once() -> None:
    names = [(section.name, section.title) for section in HERE]
    assert len(names) == len(set(names))


def slow(section: Section) -> bool:
    """Whether samples start Pyodide."""
    return section.in_pyodide or any(s["language"] == "js" for s in section.samples)


def run_here(*, in_pyodide: bool) -> list[Any]:
    """The sections for one of the two tests, as its parameters."""
    return [
        pytest.param(
            section, id=f"{section.name}:{section.title}", marks=[pytest.mark.long] * slow(section)
        )
        for section in HERE
        if section.in_pyodide == in_pyodide
    ]


@pytest.mark.parametrize("section", run_here(in_pyodide=False))
def test_samples_do_what_they_say(section: Section, tmp_path: Path) -> None:
    packages = tmp_path / "node_modules" / "@pyjsapi"
    packages.mkdir(parents=True)
    (packages / "polyfill").symlink_to(ROOT / "polyfill")
    samples = tmp_path / "samples.json"
    samples.write_text(json.dumps({"samples": section.samples, "texts": section.texts}))
    commands = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "PYJSAPI": str(ROOT),
        "PYJSAPI_PYODIDE": str(ROOT / "build" / "pyodide"),
        "PYJSAPI_CACHE": str(tmp_path / "cache"),
        "PYJSAPI_LOWERED_CACHE": str(tmp_path / "lowered"),
    }
    command = [sys.executable, sample_runner.__file__, str(samples)]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("section", run_here(in_pyodide=True))
def test_samples_for_pyodide_do_what_they_say(section: Section, tmp_path: Path) -> None:
    program = tmp_path / "samples.py"
    program.write_text(
        f"from tests.project.sample_runner import inside\n"
        f"async def case_samples():\n    await inside({section.samples!r}, {section.texts!r})\n"
    )
    done = subprocess.run(
        ["node", str(ROOT / "tests" / "bridge" / "run_inside.mjs"), str(program)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (failure,) = json.loads(done.stdout.splitlines()[-1])["results"].values()
    assert failure is None, failure


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("print(40 + 2)  # 41", "sample:1: printed '42', not '41'"),
        ("\n40 + 2  # 41", "sample:2: gave 42, not 41"),
        ("1 / 0  # ZeroDivisionError: of … zeros", "raised 'ZeroDivisionError: division by zero'"),
        ("40 + 2  # ZeroDivisionError", "sample:1: raised nothing"),
    ],
)
def test_what_is_written_beside_a_statement_is_compared(code: str, complaint: str) -> None:
    sample = Sample(language="python", code=code, name="sample", line=0)
    with pytest.raises(AssertionError, match=re.escape(complaint)):
        list(sample_runner.steps([sample], []))


def test_what_is_right_or_prose_is_no_complaint() -> None:
    code = "print(40 + 2)  # 4…\n40 + 2  # 42\n1 / 0  # ZeroDivisionError: … zero\n40 + 2  # the answer\n"
    sample = Sample(language="python", code=code, name="sample", line=0)
    list(sample_runner.steps([sample], []))
