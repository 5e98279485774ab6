"""Modules with several memories, lowered, in real browsers: WebKit, whose modules have one memory, and the others."""

from __future__ import annotations

import base64
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fuzz.bench import judge
from fuzz.engines.lowered import lowered_cases, lowered_json
from fuzz.engines.ours import Ours
from fuzz.program import Case
from pyjsapi.binary.decoder import decode_module
from pyjsapi.comparison.scripts import convert_script
from pyjsapi.lowering import lower
from pyjsapi.syntax.errors import WasmError
from pyjsapi.text import wat2wasm
from web import catalogue, js_catalogue
from web.browsers import BROWSERS
from web.build import PYODIDE
from web.engines import ENGINES, Evaluate, lay_out, opened
from web.serve import serving
from web.transcripts import transcripts

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = 60
MUTATIONS = 400
SCRIPTS = ("core/instance.wast", "core/simd/simd_memory-multi.wast", "core/multi-memory/*.wast")

RUN_SCRIPTS = """
const { runScript, lowererOf } = await import("/comparison/wast.mjs");
const { implementation, configure } = await import("/polyfill/implementation.mjs");
return argument.scripts.map((script) => {
  configure({ lower: lowererOf(script) });
  return runScript(script, argument.lowered ? implementation : WebAssembly);
});
"""
RUN_PROGRAMS = """
const { runProgram, lowererOf } = await import("/fuzz/harness.mjs");
const { implementation, configure } = await import("/polyfill/implementation.mjs");
configure({ lower: lowererOf(argument.programs) });
const namespace = argument.lowered ? implementation : WebAssembly;
return argument.programs.map((program) => runProgram(program, namespace));
"""


@pytest.fixture(scope="session")
def lowered_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    site = tmp_path_factory.mktemp("lowered")
    pyodide = Path(os.environ.get("PYJSAPI_PYODIDE") or PYODIDE)
    parts = {
        "comparison": ROOT / "pyjsapi" / "comparison" / "static",
        "static": ROOT / "web" / "static",
        "js_cases": ROOT / "web" / "js_cases",
        "polyfill": ROOT / "polyfill",
        "fuzz": ROOT / "fuzz" / "engines",
        "pyodide": pyodide,
    }
    lay_out(site, parts)
    (site / "auto.html").write_text(AUTO_PAGE, "utf-8")
    with serving(site) as url:
        yield url


@pytest.fixture(scope="session", params=ENGINES)
def engine(
    request: pytest.FixtureRequest, need_engine: Callable[[str], None], lowered_site: str
) -> Iterator[tuple[str, Evaluate]]:
    name: str = request.param
    need_engine(name)
    with opened(name, lowered_site) as evaluate:
        yield name, evaluate


@pytest.fixture(scope="session")
def scripts() -> list[Any]:
    folder = Path(os.environ.get("PYJSAPI_SPEC_TESTS") or ROOT.parent / "shared" / "spec-tests")
    if not (folder / "core").is_dir():
        problem = "no scripts of the specification: see tests/wast/test_spec_scripts.py"
        if os.environ.get("CI") == "true":
            pytest.fail(problem)
        pytest.skip(problem)
    paths = [path for pattern in SCRIPTS for path in sorted(folder.glob(pattern))]
    return [convert_script(p, p.relative_to(folder).as_posix(), lower).json() for p in paths]


@pytest.fixture(scope="session")
def cases() -> list[Case]:
    return lowered_cases(range(PROGRAMS))


def test_the_scripts_with_several_memories_pass(
    engine: tuple[str, Evaluate], scripts: list[Any]
) -> None:
    """In WebKit lowered; elsewhere both ways, with the same number of assertions."""
    name, evaluate = engine
    lowered = evaluate(RUN_SCRIPTS, {"scripts": scripts, "lowered": True})
    assert [f"{r['path']} {f}" for r in lowered for f in r["failures"]] == []
    assert sum(result["passed"] for result in lowered) == sum(r["assertions"] for r in lowered)
    assert sum(result["passed"] for result in lowered) > 700
    if name in BROWSERS:
        assert evaluate(RUN_SCRIPTS, {"scripts": scripts, "lowered": False}) == lowered


@pytest.fixture(scope="session")
def observed() -> dict[str, list[Any]]:
    """What each way of running the programs has observed, for comparison between engines."""
    return {}


def test_generated_programs_do_what_they_do_with_several_memories(
    engine: tuple[str, Evaluate], cases: list[Case], observed: dict[str, list[Any]]
) -> None:
    name, evaluate = engine
    programs = [lowered_json(case.program) for case in cases]
    lowered = evaluate(RUN_PROGRAMS, {"programs": programs, "lowered": True})
    if name in BROWSERS:
        observed[name] = evaluate(RUN_PROGRAMS, {"programs": programs, "lowered": False})
    wanted = observed.get(name) or next(iter(observed.values()), None)
    if wanted is None:  # WebKit alone was chosen
        ours = Ours()
        answers = ours.run([case.program for case in cases], [("default",)] * len(cases))
        wanted = [answer["default"] for answer in answers]
        ours.close()
    different = [
        (case.seed, found)
        for case, right, seen in zip(cases, wanted, lowered, strict=True)
        if (found := judge(case.program, {"several memories": right, "lowered": seen}))
    ]
    assert different == [], f"these programs differ in {name}"


def _mutations() -> list[str]:
    """Modules with several memories, most of them with a few wrong bytes behind the declarations.

    The memories have the same address type: else a page tells that the engine has not what it takes.
    """
    choose = random.Random(7)
    made = []
    originals = [
        case.program.binary
        for case in lowered_cases(range(60))
        if len({type_.addrtype for type_ in decode_module(case.program.binary).mem_types}) == 1
    ]
    for k in range(MUTATIONS):
        data = bytearray(originals[k % len(originals)])
        start = len(data) // 6
        for _ in range(choose.choice((0, 1, 1, 1, 2))):
            data[choose.randrange(start, len(data))] = choose.choice(
                (0, 1, 2, 5, 0x41, 0x80, 0xFF, 0x0B)
            )
        made.append(base64.b64encode(data).decode("ascii"))
    return made


@pytest.mark.parametrize("engine", BROWSERS, indirect=True)
def test_validation_answers_as_the_engine_does(engine: tuple[str, Evaluate]) -> None:
    _, evaluate = engine
    answers = evaluate(
        """
        const { implementation } = await import("/polyfill/implementation.mjs");
        return argument.map((text) => {
          const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
          return [WebAssembly.validate(bytes), implementation.validate(bytes)];
        });
        """,
        _mutations(),
    )
    assert [k for k, (native, ours) in enumerate(answers) if native is not ours] == []
    assert 20 < sum(native for native, _ in answers) < MUTATIONS - 20


RUN_CASES = """
const { runCase } = await import("/comparison/driver.mjs");
const { modulesOf, runJsCase } = await import("/static/js_runner.mjs");
const { judgeAll } = await import("/static/judge.mjs");
const { implementation, configure } = await import("/polyfill/implementation.mjs");
const { install } = await import("/polyfill/lowered/namespace.mjs");
const { hasMultiMemory } = await import("/polyfill/lowered/probe.mjs");
const { cases, answers, known, lowered, refused, browser } = argument;
const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const textOf = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
const definitions = new Map();
async function run(case_) {
  if (!("file" in case_)) return runCase(case_);
  if (!definitions.has(case_.file)) definitions.set(case_.file, (await import(`/js_cases/${case_.file}`)).cases);
  const { run } = definitions.get(case_.file).find(({ id }) => id === case_.id);
  return runJsCase(case_, run, WebAssembly, modulesOf(case_));
}
async function runAll() {
  const results = [];
  for (const case_ of cases) results.push(await run(case_));
  return results;
}
const natively = await runAll();
configure({ lower(bytes) {
  const text = textOf(bytes);
  if (lowered[text] === undefined) throw new WebAssembly.CompileError(refused[text]);
  return bytesOf(lowered[text]);
} });
install();
const results = await runAll();
return cases.flatMap((case_, k) => {
  // A case that is JavaScript tells itself what to expect.
  const wanted = answers[case_.id] ?? (hasMultiMemory() ? natively[k] : results[k]);
  const transcripts = { native: natively[k], pyjsapi: wanted, lowered: results[k] };
  const judgement = judgeAll(case_, transcripts, browser, known, hasMultiMemory());
  const { status, differences, stale, unmet, loweredDifferences } = judgement;
  const found = [...differences, ...stale, ...unmet, ...loweredDifferences].filter(({ reason }) => !reason);
  return status === "different" ? [`${case_.id}: ${JSON.stringify(found)}`] : [];
});
"""


@pytest.mark.parametrize("engine", ["webkit"], indirect=True)
def test_the_catalogue_of_cases_runs_lowered(engine: tuple[str, Evaluate]) -> None:
    """In WebKit; the comparison page does it in the other browsers."""
    name, evaluate = engine
    all_cases: list[catalogue.Case | js_catalogue.JsCase] = [
        *catalogue.load(),
        *js_catalogue.load(),
    ]
    cases = [case.to_json() for case in all_cases]
    lowered, refused = {}, {}
    for text in {text for case in cases for text in case.get("modules", {}).values()}:
        try:
            module = lower(base64.b64decode(text), memory64=name in BROWSERS)
            lowered[text] = base64.b64encode(module).decode("ascii")
        except WasmError as error:
            refused[text] = str(error)
    argument = {
        "browser": name,
        "cases": cases,
        "answers": transcripts([case for case in cases if "file" not in case]),
        "known": catalogue.load_differences(all_cases),
        "lowered": lowered,
        "refused": refused,
    }
    assert evaluate(RUN_CASES, argument) == []


TWO_MEMORIES = base64.b64encode(
    wat2wasm(
        '(module (memory (export "a") 1 3 shared) (memory (export "b") 1)'
        ' (func (export "put") (param i32) (i32.store 0 (i32.const 8) (local.get 0)))'
        ' (func (export "sizes") (result i32 i32) (memory.size 0) (memory.size 1)))'
    )
).decode("ascii")

AUTO_PAGE = f"""<!doctype html>
<script type="module" src="polyfill/auto.mjs"></script>
<script type="module">
const bytes = Uint8Array.from(atob("{TWO_MEMORIES}"), (character) => character.charCodeAt(0));
const worker = () => {{
  const source = `
    import "${{new URL("polyfill/auto.mjs", location.href)}}";
    addEventListener("message", ({{ data }}) => {{
      const own = new WebAssembly.Instance(data.module).exports;
      postMessage([own.sizes(), new Int32Array(data.memory.buffer)[2], own.b instanceof WebAssembly.Memory]);
    }});
    postMessage("ready");`;
  return new Worker(URL.createObjectURL(new Blob([source], {{ type: "text/javascript" }})), {{ type: "module" }});
}};
async function main() {{
  const valid = WebAssembly.validate(bytes);
  const {{ module, instance }} = await WebAssembly.instantiate(bytes);
  const {{ a, put, sizes }} = instance.exports;
  put(42);
  const other = worker();
  await new Promise((resolve) => {{ other.onmessage = resolve; }});
  const answer = new Promise((resolve) => {{ other.onmessage = ({{ data }}) => resolve(data); }});
  other.postMessage({{ module, memory: a }});
  return [valid, sizes(), instance instanceof WebAssembly.Instance, await answer];
}}
window.answer = main().catch((error) => String(error));
</script>
"""


def test_one_script_element_makes_a_page_run_modules_with_several_memories(
    engine: tuple[str, Evaluate], lowered_site: str
) -> None:
    """In WebKit pyjsapi lowers on demand; a worker that imports the same takes the module and the shared memory."""
    _, evaluate = engine
    answer = evaluate(
        """
        const frame = document.createElement("iframe");
        frame.src = argument;
        const loaded = new Promise((resolve) => { frame.onload = resolve; });
        document.body.append(frame);
        await loaded;
        return frame.contentWindow.answer;
        """,
        f"{lowered_site}auto.html",
    )
    assert answer == [True, [1, 1], True, [[1, 1], 42, True]]


@pytest.mark.parametrize("engine", ["chromium"], indirect=True)
def test_the_synchronous_constructor_of_a_page_needs_what_prepare_loads(
    engine: tuple[str, Evaluate],
) -> None:
    _, evaluate = engine
    answer = evaluate(
        """
        const { implementation, configure, prepare } = await import("/polyfill/implementation.mjs");
        configure({ lower: undefined, cache: false });
        const bytes = Uint8Array.from(atob(argument), (character) => character.charCodeAt(0));
        let before;
        try {
          new implementation.Module(bytes);
        } catch (error) {
          before = [error instanceof WebAssembly.CompileError, error.message];
        }
        await prepare();
        const { sizes } = new implementation.Instance(new implementation.Module(bytes)).exports;
        return [before, sizes()];
        """,
        TWO_MEMORIES,
    )
    (is_compile_error, message), sizes = answer
    assert is_compile_error
    assert "await prepare()" in message
    assert "pyjsapi lower" in message
    assert sizes == [1, 1]


@pytest.mark.parametrize("engine", ["webkit"], indirect=True)
def test_programs_of_one_memory_are_refused_in_the_words_of_the_engine(
    engine: tuple[str, Evaluate],
) -> None:
    """In WebKit, where ``shim()`` does something; Node's tests look at the same."""
    _, evaluate = engine
    before, after = evaluate(
        """
        const { told } = await import("/polyfill/test/lowered/refusals.mjs");
        const { shim } = await import("/polyfill/shim.mjs");
        const before = await told();
        shim();
        return [before, await told()];
        """
    )
    assert len(before) > 30
    assert after == before
