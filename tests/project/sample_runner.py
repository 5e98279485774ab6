"""Runs the samples of one section of a text, in order: ``python sample_runner.py SAMPLES.json``.

Also inside Pyodide, where `inside` is called. What is written beside a statement is held against what it does:

- beside ``print(…)`` is what it prints;
- beside an expression is the exception that it raises, ``TypeError: … detached``, by the name of its class or a
  base, or its value where that can be written as a literal; anything else is prose. ``…`` stands for any text.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import json
import re
import subprocess
import sys
import tokenize
from collections.abc import Coroutine, Generator
from pathlib import Path
from typing import Any, TypedDict

EXCEPTION = re.compile(r"(\w+\.)*\w*(Error|Exception|Interrupt)(: .*)?")


class Sample(TypedDict):
    """A block of code, and where it stands."""

    language: str
    code: str
    name: str
    line: int


Steps = Generator[Coroutine[Any, Any, Any], Any, None]


def steps(samples: list[Sample], texts: list[str]) -> Steps:
    """Run samples; what is to be awaited is yielded, and its result sent back.

    ``texts`` are the blocks of the section that are no code, under that name for code that readers do not see.
    """
    scope: dict[str, Any] = {"__name__": "__main__", "texts": texts}
    for sample in samples:
        if sample["language"] == "python":
            yield from _python(sample, scope)
        elif sample["language"].startswith("file "):
            path = Path(sample["language"].removeprefix("file "))
            path.write_text(sample["code"], encoding="utf-8")
        else:
            _command(sample)


def _command(sample: Sample) -> None:
    """Run a block in a shell or in Node. What it prints is in the file ``said`` then."""
    if sample["language"] == "sh":
        command = ["bash", "-ec", sample["code"]]
    else:
        Path("sample.mjs").write_text(sample["code"], encoding="utf-8")
        command = ["node", "sample.mjs"]
    done = subprocess.run(
        command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    print(done.stdout)
    Path("said").write_text(done.stdout, encoding="utf-8")


def _python(sample: Sample, scope: dict[str, Any]) -> Steps:
    source = "\n" * sample["line"] + sample["code"]
    beside = _comments(source)
    for statement in ast.parse(source, sample["name"]).body:
        wanted = beside.get(statement.end_lineno or 0, "")
        yield from _statement(statement, wanted, sample["name"], scope)


def _comments(source: str) -> dict[int, str]:
    """The comments that stand behind code, by line."""
    lines = source.splitlines()
    return {
        token.start[0]: token.string.lstrip("# ").rstrip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT and lines[token.start[0] - 1][: token.start[1]].strip()
    }


def _statement(statement: ast.stmt, wanted: str, name: str, scope: dict[str, Any]) -> Steps:
    where = f"{name}:{statement.lineno}"
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    if not isinstance(statement, ast.Expr):
        code = compile(ast.Module([statement], []), name, "exec", flags, dont_inherit=True)
        result = eval(code, scope)
        if inspect.iscoroutine(result):
            yield result
        return
    code = compile(ast.Expression(statement.value), name, "eval", flags, dont_inherit=True)
    raises = EXCEPTION.fullmatch(wanted) is not None
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            value = eval(code, scope)
            if code.co_flags & inspect.CO_COROUTINE:
                value = yield value
    except BaseException as error:
        if not raises:
            raise
        told = f": {error}" if ": " in wanted else ""
        kinds = [f"{kind.__name__}{told}" for kind in type(error).__mro__]
        assert any(_fits(kind, wanted) for kind in kinds), (
            f"{where}: raised {kinds[0]!r}, not {wanted!r}"
        )
        return
    assert not raises, f"{where}: raised nothing"
    if ast.unparse(statement.value).startswith("print("):
        said = printed.getvalue().rstrip("\n")
        assert not wanted or _fits(said, wanted), f"{where}: printed {said!r}, not {wanted!r}"
        return
    with contextlib.suppress(ValueError, SyntaxError):
        literal = ast.literal_eval(wanted)
        assert value == literal, f"{where}: gave {value!r}, not {wanted}"


def _fits(said: str, wanted: str) -> bool:
    pattern = ".*".join(map(re.escape, wanted.split("…")))
    return re.fullmatch(pattern, said, re.DOTALL) is not None


async def inside(samples: list[Sample], texts: list[str]) -> None:
    """Run samples where an event loop runs."""
    running = steps(samples, texts)
    with contextlib.suppress(StopIteration):
        awaited = next(running)
        while True:
            try:
                value = await awaited
            except BaseException as error:
                awaited = running.throw(error)
            else:
                awaited = running.send(value)


def main() -> None:
    """Run the samples of a file; what is awaited is, in one event loop."""
    section = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.path.insert(0, "")
    running = steps(section["samples"], section["texts"])
    with asyncio.Runner() as loop, contextlib.suppress(StopIteration):
        awaited = next(running)
        while True:
            try:
                value = loop.run(_as_coroutine(awaited))
            except BaseException as error:
                awaited = running.throw(error)
            else:
                awaited = running.send(value)


async def _as_coroutine(awaited: Coroutine[Any, Any, Any]) -> Any:
    return await awaited


if __name__ == "__main__":
    main()
