"""Arguments of the ``pyjsapi`` command, and how its errors are shown."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import pyjsapi
from pyjsapi.cli import exits, surroundings
from pyjsapi.jsapi.endings import is_of_output, output_failed

_Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

_DESCRIPTION: Final = """\
Run and inspect WebAssembly in Python.

  pyjsapi                       a prompt, with the same in scope, if somebody types; -i if not
  pyjsapi SCRIPT.py [ARGS...]   run a Python script with WebAssembly and top-level await in scope
  pyjsapi - [ARGS...]           run the script in standard input
  pyjsapi -c CODE [ARGS...]     run the code

Where a command takes a file, - is standard input.

"""
_COMPARE: Final = """\
Run the modules (.wat, .wasm), scripts (.wast) and cases (.toml) of a folder on the Python engine, the same with modules
lowered, Wasmtime and Node where they are installed, and browsers, and say what differs. Exit codes: 0 nothing differs,
3 something does, 2 it could not be run. Without a folder, in a checkout: pyjsapi's own cases in the browsers.
"""
_PROG: Final = "pyjsapi"
_USUAL: Final = 80
"""Columns of a terminal that is none."""
_HINT: Final = "; a function and its arguments follow --invoke, those of a program follow --"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code: see `exits`."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _main(argv)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except OSError as error:
        if not is_of_output(error):
            raise
        return output_failed("pyjsapi", error)


def _main(argv: list[str]) -> int:
    if argv[:1] == ["-c"]:
        if len(argv) == 1:
            print("pyjsapi: -c needs the code to run", file=sys.stderr)
            return 2
        from pyjsapi.cli.script import run_code  # programs of WASI do without asyncio

        return run_code(argv[1], argv[2:])
    if not argv and sys.stdin is not None:
        argv = ["-i" if sys.stdin.isatty() else "-"]
    if argv == ["-i"]:
        from pyjsapi.cli.repl import run_prompt  # which needs what commands do not

        return run_prompt()
    if argv and (argv[0] == "-" or argv[0].endswith(".py")):
        from pyjsapi.cli.script import run_script

        return run_script(Path(argv[0]), argv[1:])
    if argv and argv[0].endswith((".wasm", ".wat")):
        print(
            f"pyjsapi: {argv[0]} is no command: `pyjsapi run {argv[0]}` runs a module, "
            f"`pyjsapi inspect {argv[0]}` shows it",
            file=sys.stderr,
        )
        return 2
    parser, verbs = parser_of(argv[0] if argv else None)
    passed: list[str] = []
    if argv[:1] in (["run"], ["debug"], ["snapshot"]):
        argv, passed = surroundings.split(argv)
    options, rest = parser.parse_known_args(argv)
    if rest and not hasattr(options, "arguments"):
        hint = _HINT if argv[0] in ("run", "debug") else ""
        verbs.get(argv[0], parser).error(f"unrecognized arguments: {' '.join(rest)}{hint}")
    options.arguments = rest or passed
    if not hasattr(options, "command"):
        parser.print_help()
        return 2
    for stream in (sys.stdout, sys.stderr):
        # Names may have any character, and those who read them any encoding.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        module, _, name = options.command.partition(".")
        # What each command needs is imported with it.
        command: Callable[[argparse.Namespace], int]
        command = getattr(import_module(f"pyjsapi.cli.{module}"), name)
        with _progress(options):
            return command(options)
    except exits.InputError as error:
        print(f"pyjsapi: {error}", file=sys.stderr)
        return error.code


def _progress(options: argparse.Namespace) -> AbstractContextManager[None]:
    """Show how far the work is; not where standard error is a program's own, and not where nobody wants it."""
    if getattr(options, "quiet", True) or getattr(options, "json", False):
        return nullcontext()
    from pyjsapi.cli import progress  # few commands work for long

    return progress.shown()


def _add_quiet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="do not show how far long work is"
    )


def parser_of(
    verb: str | None = None,
) -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """The parser of the command, and those of its verbs; of one alone where that is named."""
    parser = argparse.ArgumentParser(
        prog=_PROG, description=_DESCRIPTION + exits.TEXT, formatter_class=_RawFormatter
    )
    parser.add_argument("--version", action="version", version=f"pyjsapi {pyjsapi.__version__}")
    # With its name, which argparse would write a help to find.
    verbs = parser.add_subparsers(
        title="commands",
        metavar="COMMAND",
        prog=_PROG,
        parser_class=cast("type[argparse.ArgumentParser]", _VerbParser),
    )
    adding = list(_VERBS.values()) if verb not in _VERBS else [_VERBS[verb]]
    for add in dict.fromkeys(adding):
        add(verbs)
    return parser, verbs.choices


class _Formatter(argparse.HelpFormatter):
    """As wide as the terminal. Argparse makes one for each option, and imports more than most programs for that."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


class _RawFormatter(_Formatter, argparse.RawDescriptionHelpFormatter):
    pass


class _VerbParser(argparse.ArgumentParser):
    def __init__(self, **given: Any) -> None:
        super().__init__(**{"formatter_class": _Formatter, **given})


@cache
def _columns() -> int:
    """How wide the terminal is, as `shutil.get_terminal_size` finds out."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or _USUAL  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        return _USUAL


def _add_run(verbs: _Verbs) -> None:
    run = verbs.add_parser(
        "run",
        help="run a program of WASI, or instantiate a module and call one of its functions",
        usage="%(prog)s [options] module [--invoke NAME [ARG ...]] [-- ARG ...]",
    )
    run.add_argument("module", type=Path, help=".wasm or .wat file, or a snapshot")
    run.add_argument(
        "--invoke",
        metavar="NAME",
        help="exported function (default: _start); its arguments follow: integers (0x… too) and floats, by its type",
    )
    surroundings.add_engine(run)
    surroundings.add_options(run)
    surroundings.add_bounds(run)
    run.set_defaults(command="running.run")


def _add_snapshot(verbs: _Verbs) -> None:
    snapshot = verbs.add_parser(
        "snapshot", help="keep an instance in a file, for `pyjsapi run` to go on from"
    )
    snapshot.add_argument("module", type=Path, help=".wasm or .wat file, or a snapshot")
    snapshot.add_argument("-o", "--output", type=Path, required=True, help="file to write")
    snapshot.add_argument(
        "--until",
        metavar="EXPORT",
        help="the function without parameters to call before (default: _initialize, if there is one)",
    )
    snapshot.add_argument(
        "--level",
        type=int,
        choices=range(10),
        default=0,
        metavar="0-9",
        help="how much to compress memories (default: 0, not at all, which is read fastest)",
    )
    surroundings.add_options(snapshot)
    surroundings.add_bounds(snapshot)
    _add_quiet(snapshot)
    snapshot.set_defaults(command="running.snapshot")


def _add_debug(verbs: _Verbs) -> None:
    debug = verbs.add_parser(
        "debug",
        help="step through a module or a program: breakpoints, watches, locals, memory, forwards and back",
        usage="%(prog)s [options] module [--invoke NAME [ARG ...]] [-- ARG ...]",
    )
    debug.add_argument("module", type=Path, help=".wasm or .wat file, or a snapshot")
    debug.add_argument(
        "--invoke", metavar="NAME", help="exported function (default: _start); its arguments follow"
    )
    debug.add_argument(
        "--stdin", type=Path, metavar="FILE", help="what the program reads (default: nothing)"
    )
    debug.add_argument(
        "--source-map", type=Path, metavar="FILE", help="default: the one that the module names"
    )
    surroundings.add_host_options(debug)
    surroundings.add_bounds(debug)
    debug.set_defaults(command="debugging.debug")


def _add_formats(verbs: _Verbs) -> None:
    wat2wasm = verbs.add_parser("wat2wasm", help="assemble the text format")
    wat2wasm.add_argument("source", type=Path, help=".wat file")
    wat2wasm.add_argument("-o", "--output", type=Path, help="default: the source's name with .wasm")
    wat2wasm.add_argument("--no-check", action="store_true", help="do not validate the module")
    wat2wasm.add_argument("--no-names", action="store_true", help="leave out the name section")
    wat2wasm.set_defaults(command="commands.wat2wasm")

    wasm2wat = verbs.add_parser("wasm2wat", help="print a module in the text format")
    wasm2wat.add_argument("module", type=Path, help=".wasm file")
    wasm2wat.add_argument("-o", "--output", type=Path, help="default: standard output")
    wasm2wat.add_argument(
        "--no-names", action="store_true", help="leave out the name section: numbers only"
    )
    wasm2wat.set_defaults(command="commands.wasm2wat")


def _add_lower(verbs: _Verbs) -> None:
    lower = verbs.add_parser(
        "lower", help="rewrite a module with several memories for engines that have one per module"
    )
    lower.add_argument("module", type=Path, help=".wasm or .wat file")
    lower.add_argument("-o", "--output", type=Path, required=True, help=".wasm file to write")
    lower.add_argument(
        "--loader",
        type=Path,
        metavar="FILE.mjs",
        help="write a JavaScript module too that compiles and instantiates it (with @pyjsapi/polyfill)",
    )
    lower.add_argument(
        "--no-memory64",
        action="store_true",
        help="for engines that lack 64-bit addresses as well, like Node 20",
    )
    _add_quiet(lower)
    lower.set_defaults(command="commands.lower")


def _add_compile(verbs: _Verbs) -> None:
    compile_ = verbs.add_parser(
        "compile",
        help="make a Python module of a module, which needs nothing but Python: import it and call its exports",
    )
    compile_.add_argument("module", type=Path, help=".wasm or .wat file")
    compile_.add_argument(
        "-o",
        "--output",
        type=Path,
        help=".py file to write, or with --wheel a folder; default: the source's name with .py, or this folder",
    )
    compile_.add_argument("--stub", action="store_true", help="write a .pyi file beside it")
    compile_.add_argument(
        "--wheel", action="store_true", help="write a wheel with a package of it, stubs inside"
    )
    compile_.add_argument("--name", help="of the wheel and its package; default: the source's name")
    compile_.add_argument("--version", help="of the wheel; default: 0.1.0")
    compile_.add_argument(
        "--thin",
        action="store_true",
        help="leave out the parts of pyjsapi that it needs: it runs where pyjsapi is installed",
    )
    surroundings.add_options(compile_)
    _add_quiet(compile_)
    compile_.set_defaults(command="building.compile_module")


def _add_completion(verbs: _Verbs) -> None:
    completion = verbs.add_parser(
        "completion",
        help="print a script that completes this command in a shell",
        description='For bash: eval "$(pyjsapi completion bash)" in ~/.bashrc; for zsh likewise in ~/.zshrc; '
        "for fish: pyjsapi completion fish > ~/.config/fish/completions/pyjsapi.fish",
    )
    completion.add_argument("shell", choices=["bash", "fish", "zsh"])
    completion.set_defaults(command="completion.complete")


def _add_checks(verbs: _Verbs) -> None:
    validate = verbs.add_parser("validate", help="say whether modules are valid, and if not, why")
    validate.add_argument("modules", nargs="+", type=Path, help=".wasm or .wat files")
    validate.add_argument("--json", action="store_true", help="for programs")
    _add_quiet(validate)
    validate.set_defaults(command="commands.validate")

    inspect = verbs.add_parser(
        "inspect", help="say what is in a module: imports, exports, sections"
    )
    inspect.add_argument("module", type=Path, help=".wasm or .wat file")
    inspect.add_argument("--json", action="store_true", help="for programs")
    inspect.add_argument(
        "--disassemble", action="store_true", help="show instructions with their offsets instead"
    )
    inspect.add_argument(
        "--function",
        action="append",
        default=[],
        metavar="NAME",
        help="with --disassemble, of this function alone: its index, name or export; may be repeated",
    )
    _add_quiet(inspect)
    inspect.set_defaults(command="commands.inspect")

    wast = verbs.add_parser("wast", help="run test scripts of the specification's format")
    wast.add_argument("scripts", nargs="+", type=Path, help=".wast files, or folders of them")
    wast.add_argument("--json", action="store_true", help="for programs")
    _add_quiet(wast)
    wast.set_defaults(command="commands.wast")


def _add_cache(verbs: _Verbs) -> None:
    cache = verbs.add_parser("cache", help="show the code kept between processes, or clear it")
    cache.add_argument("--clear", action="store_true", help="remove all of it")
    cache.add_argument("--json", action="store_true", help="for programs")
    cache.set_defaults(command="commands.cache")


def _add_engines(verbs: _Verbs) -> None:
    engines = verbs.add_parser(
        "engines", help="list what can run modules here, and why the others cannot"
    )
    engines.add_argument("--json", action="store_true", help="for programs")
    engines.set_defaults(command="commands.engines")


def _add_features(verbs: _Verbs) -> None:
    features = verbs.add_parser(
        "features",
        help="list the proposals of WebAssembly: which are here, and which engines have them",
    )
    features.add_argument("--json", action="store_true", help="for programs")
    features.set_defaults(command="features.features")


def _add_demo(verbs: _Verbs) -> None:
    demo = verbs.add_parser(
        "demo",
        help="show ways to share memories, in short programs that check themselves",
        description="Run demonstrations. Exit codes: 0 what came out is right, 1 it is not, 77 it lacks something.",
    )
    demo.add_argument(
        "names", nargs="*", metavar="NAME", help="demonstrations, one after the other"
    )
    demo.add_argument("--list", action="store_true", help="say which there are, and where they run")
    demo.add_argument("--all", action="store_true", help="run all of them")
    demo.set_defaults(command="commands.demo")


def _add_compare_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, help="folder with modules and cases")
    parser.add_argument(
        "--browser",
        action="append",
        default=[],
        metavar="NAME[=WHERE]",
        help="chromium, firefox or webkit, found by itself; or the path of its program, or a channel of Playwright "
        "(chromium=msedge); may be repeated; needs pip install 'pyjsapi[compare]'",
    )
    parser.add_argument(
        "--engine",
        action="append",
        metavar="NAME",
        help="of the engines without a browser only this one beside the Python engine: lowered, wasmtime, node, "
        "'node lowered', 'node javascript'; or none; may be repeated (default: all that are there)",
    )
    parser.add_argument(
        "--timeout", type=float, default=60.0, metavar="SECONDS", help="for each case; default: 60"
    )
    parser.add_argument(
        "--report", type=Path, metavar="FOLDER", help="write report.html and report.json there"
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument(
        "--polyfill", type=Path, metavar="FOLDER", help="where @pyjsapi/polyfill is"
    )
    parser.add_argument("--pyodide", type=Path, metavar="FOLDER", help="where Pyodide is")


def _add_page(verbs: _Verbs) -> None:
    compare = verbs.add_parser(
        "compare",
        help="run a folder of modules and cases on every engine, browsers too, and say what differs",
        description=_COMPARE,
    )
    _add_compare_options(compare)
    compare.set_defaults(command="comparing.compare", arguments=())

    serve = verbs.add_parser(
        "serve",
        help="serve the comparison page on this machine (in a checkout)",
        add_help=False,
    )
    serve.set_defaults(command="commands.serve", arguments=())


_VERBS: Final[dict[str, Callable[[_Verbs], None]]] = {
    "run": _add_run,
    "snapshot": _add_snapshot,
    "debug": _add_debug,
    "wat2wasm": _add_formats,
    "wasm2wat": _add_formats,
    "lower": _add_lower,
    "compile": _add_compile,
    "validate": _add_checks,
    "inspect": _add_checks,
    "wast": _add_checks,
    "cache": _add_cache,
    "engines": _add_engines,
    "features": _add_features,
    "demo": _add_demo,
    "compare": _add_page,
    "serve": _add_page,
    "completion": _add_completion,
}
"""What adds a verb, for some together with others."""
