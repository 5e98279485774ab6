// The comparison page: runs the cases in a worker, fills the table while they run, and leaves the result in `window.report`.
// URL parameters: ?only=ID,ID runs these cases; ?engine=native leaves all but the browser's own answers out; `state.mjs` has the others.
// Where a browser's modules have one memory, what it does with lowered modules is compared in place of what it refuses.

import { hasMultiMemory } from "../polyfill/lowered/probe.mjs";
import { judgeAll } from "./judge.mjs";
import { showDetail, summarise } from "./show.mjs";
import { switchTheme } from "./state.mjs";
import { CaseTable, ENGINES } from "./table.mjs";
import { showTimes } from "./times.mjs";

const NOTHING = { differences: [], stale: [], unmet: [], loweredDifferences: [], hostDifferences: [] };
const NOT_COMPARED = { status: "not compared", ...NOTHING };
const SILENCE_LIMIT_MS = 120_000;
/** @type {(selector: string, within?: ParentNode) => any} what is there is of the kind that the page's template says */
const $ = (selector, within = document) => within.querySelector(selector);
const parameters = new URLSearchParams(location.search);
const root = new URL("..", import.meta.url);

function thisBrowser() {
  const agent = navigator.userAgent;
  const patterns = {
    firefox: /Firefox\/([\d.]+)/,
    chromium: /Chrom(?:e|ium)\/([\d.]+)/,
    webkit: /Version\/([\d.]+).*Safari/,
  };
  for (const [name, pattern] of Object.entries(patterns)) {
    const found = pattern.exec(agent);
    if (found) return { name, version: found[1], userAgent: agent };
  }
  return { name: "unknown", version: "", userAgent: agent };
}

const browser = thisBrowser();
const started = new Date();
const { cases: allCases, differences: known } = await (await fetch(new URL("cases.json", root))).json();
const only = parameters.get("only")?.split(",");
const cases = only ? allCases.filter((case_) => only.includes(case_.id)) : allCases;
const engines = parameters.get("engine") === "native" ? ["native"] : ENGINES;
const results = new Map(cases.map((case_) => [case_.id, Object.fromEntries(ENGINES.map((engine) => [engine, null]))]));
/** Why pyjsapi cannot use this browser's engine. @type {string | null} */
let hostless = null;

/** The engines that run a case: what is a function of `WebAssembly` for JavaScript runs on no engine behind Python. */
const enginesOf = (case_) => engines.filter((engine) => engine !== "host" || !("file" in case_ || hostless));
const isDone = (case_) => enginesOf(case_).every((engine) => results.get(case_.id)[engine]);
let versions = {};

const table = new CaseTable(new Set(results.keys()), (id) =>
  showDetail(
    cases.find((case_) => case_.id === id),
    results.get(id),
  ),
);

const rowOf = (id) => /** @type {HTMLTableRowElement} */ (document.getElementById(`case-${id}`));

function setStatus(id, status, text = status) {
  const row = rowOf(id);
  row.dataset.status = status;
  $(".outcome", row).textContent = text;
  table.update(id);
}

function count(engine) {
  return [...results.values()].filter((result) => result[engine]).length;
}

function showProgress(text) {
  const bar = $("#progress");
  bar.max = cases.reduce((sum, case_) => sum + enginesOf(case_).length, 0);
  bar.value = engines.reduce((sum, engine) => sum + count(engine), 0);
  $("#stage").textContent = text;
}

const STAGES = {
  native: () => `This browser: ${count("native")} of ${cases.length} cases`,
  pyodide: () => "Starting Pyodide and pyjsapi …",
  pyjsapi: () => `pyjsapi: ${count("pyjsapi")} of ${cases.length} cases`,
  host: () => `pyjsapi on this browser’s engine: ${count("host")} cases`,
  lowered: () => `This browser with lowered modules: ${count("lowered")} of ${cases.length} cases`,
};

function fillEngine(case_, engine) {
  const { transcript, ms, failure } = results.get(case_.id)[engine];
  const row = rowOf(case_.id);
  $(`.${engine} .result`, row).textContent = failure ?? summarise(case_, transcript);
  $(`.${engine}-ms`, row).textContent = ms === undefined ? "–" : ms < 9.95 ? ms.toFixed(1) : ms.toFixed(0);
}

function decide(case_) {
  const result = results.get(case_.id);
  if (engines.length === 1) return setStatus(case_.id, "native", "native");
  const ran = enginesOf(case_).map((engine) => [engine, result[engine]]);
  const failure = ran.map(([, { failure }]) => failure).find((text) => text !== undefined);
  result.judgement = failure
    ? { status: "different", failure, ...NOTHING }
    : judgeAll(
        case_,
        Object.fromEntries(ran.map(([engine, { transcript }]) => [engine, transcript])),
        browser.name,
        known,
        hasMultiMemory(),
      );
  setStatus(case_.id, result.judgement.status);
  const note = $(".note", rowOf(case_.id));
  const { differences, stale, unmet, loweredDifferences, hostDifferences } = result.judgement;
  note.textContent =
    failure
    ?? [
      ...new Set(
        differences.map(
          (item) => item.reason ?? `${item.path}: ${JSON.stringify(item.native)} ≠ ${JSON.stringify(item.pyjsapi)}`,
        ),
      ),
      ...stale.map((item) => `${item.path}: a listed difference did not occur (${item.reason})`),
      ...unmet.map((item) => `${item.path}: the case expects ${JSON.stringify(item.expected)}`),
      ...loweredDifferences
        .filter((item) => !item.reason)
        .map((item) => `lowered, ${item.path}: ${JSON.stringify(item.native)} ≠ ${JSON.stringify(item.lowered)}`),
      ...hostDifferences
        .filter((item) => !item.reason)
        .map((item) => `on this engine, ${item.path}: ${JSON.stringify(item.pyjsapi)} ≠ ${JSON.stringify(item.host)}`),
    ].join("; ");
  showTotals();
}

function totals() {
  const sum = { cases: cases.length, equal: 0, explained: 0, different: 0 };
  for (const { judgement } of results.values()) if (judgement) sum[judgement.status] += 1;
  for (const engine of ENGINES)
    sum[`${engine}Ms`] = [...results.values()].reduce((ms, result) => ms + (result[engine]?.ms ?? 0), 0);
  return sum;
}

function showTotals() {
  const sum = totals();
  for (const status of ["equal", "explained", "different"]) $(`#count-${status}`).textContent = sum[status];
  $("#count-all").textContent = sum.cases;
}

function receive(engine, id, value) {
  const case_ = cases.find((item) => item.id === id);
  results.get(id)[engine] = value;
  fillEngine(case_, engine);
  if (isDone(case_)) decide(case_);
}

/** What waits for pyjsapi on this browser's engine alone is decided. @param {string} reason */
function leaveHostOut(reason) {
  hostless = reason;
  for (const case_ of cases) {
    $(".host .result", rowOf(case_.id)).textContent = "not available";
    if (isDone(case_) && !results.get(case_.id).judgement) decide(case_);
  }
}

/** Runs what is still missing in a new worker; resolves when that worker is done, broken or silent. */
function runWorker() {
  const missing = (case_) => enginesOf(case_).filter((engine) => !results.get(case_.id)[engine]);
  const left = cases.filter((case_) => missing(case_).length);
  const wanted = engines.filter((engine) => left.some((case_) => missing(case_).includes(engine)));
  // A worker of its own for lowered modules: memories of Python's cases are let go late, and an engine has few of them.
  const others = wanted.filter((engine) => engine !== "lowered");
  const needed = others.length ? others : wanted;
  const worker = new Worker(new URL("worker.mjs", import.meta.url), { type: "module" });
  let current = null;
  let stage = "native";
  return new Promise((resolve) => {
    const fail = (message) => {
      worker.terminate();
      if (!current) return resolve({ fatal: message });
      receive(current.engine, current.id, { failure: message });
      resolve({});
    };
    const silent = () => fail(`no answer for ${SILENCE_LIMIT_MS / 1000} s`);
    let watchdog = setTimeout(silent, SILENCE_LIMIT_MS);
    worker.addEventListener("error", (event) => fail(event.message || "the worker could not start"));
    worker.addEventListener("message", ({ data }) => {
      clearTimeout(watchdog);
      if (data.done) {
        worker.terminate();
        return resolve({});
      }
      watchdog = setTimeout(silent, SILENCE_LIMIT_MS);
      if (data.stage) stage = data.stage;
      if (data.versions) versions = data.versions;
      if (data.hostless) leaveHostOut(data.hostless);
      if (data.started) {
        current = data;
        setStatus(data.id, "running");
      } else if (data.broken) {
        clearTimeout(watchdog);
        return fail(data.message);
      } else if (data.engine) {
        current = null;
        setStatus(data.id, "waiting", "");
        receive(data.engine, data.id, { transcript: data.transcript, ms: data.ms });
      }
      showProgress(STAGES[stage]());
    });
    const sent = left.map((case_) => ({ ...case_, sources: undefined, code: undefined, missing: missing(case_) }));
    worker.postMessage({ cases: sent, engines: needed });
  });
}

function makeReport(fatal) {
  const problems = only ? [] : known.filter((entry) => browser.name in entry.native && !results.has(entry.case));
  return {
    browser,
    versions,
    started: started.toISOString(),
    finished: new Date().toISOString(),
    isolated: crossOriginIsolated,
    complete: !fatal,
    fatal: fatal ?? null,
    summary: totals(),
    problems,
    hostless,
    cases: cases.map((case_) => {
      const { native, pyjsapi, host, lowered, judgement = NOT_COMPARED } = results.get(case_.id);
      return {
        id: case_.id,
        title: case_.title,
        group: case_.group,
        covers: case_.covers,
        ...judgement,
        native,
        pyjsapi,
        host,
        lowered,
      };
    }),
  };
}

function saveReport() {
  const blob = new Blob([JSON.stringify(window.report, null, 1)], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `pyjsapi-${browser.name}-${started.toISOString().slice(0, 10)}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function main() {
  $("#browser").textContent = `${browser.name} ${browser.version}`;
  table.start();
  $("#save").addEventListener("click", saveReport);
  $("#theme").addEventListener("click", switchTheme);
  showTotals();
  let fatal;
  while (!fatal && !cases.every(isDone)) {
    ({ fatal } = await runWorker());
  }
  window.report = makeReport(fatal);
  const { summary } = window.report;
  document.body.dataset.state = fatal || summary.different ? "different" : "passed";
  showProgress(
    fatal
      ? `Stopped: ${fatal}`
      : engines.length === 1
        ? "Done: this browser alone"
        : `Done: ${summary.equal} equal, ${summary.explained} explained, ${summary.different} different`
          + ` — this browser ${summary.nativeMs.toFixed(0)} ms, pyjsapi ${summary.pyjsapiMs.toFixed(0)} ms,`
          + ` pyjsapi on this engine ${summary.hostMs.toFixed(0)} ms, lowered ${summary.loweredMs.toFixed(0)} ms`,
  );
  if (versions.pyjsapi) {
    $("#versions").textContent =
      `pyjsapi ${versions.pyjsapi} · Pyodide ${versions.pyodide} · Python ${versions.python}`;
  }
  $("#save").disabled = false;
  showTimes($("#times"), cases, results);
  table.showRows();
}

await main();
