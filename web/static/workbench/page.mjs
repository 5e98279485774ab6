// The workbench: a module comes in, is read at once, and is shown. Python comes later, where it is needed.
// What was read is in `window.workbench`, for tests.

import { count, readModule } from "./binary.mjs";
import { $, complain, say, shown } from "./dom.mjs";
import { given, givenAddress, givenFile, givenText, Refused } from "./intake.mjs";
import { Overview } from "./overview.mjs";
import { Python } from "./python.mjs";
import { showTab } from "./tabs.mjs";

/** @type {import("./overview.mjs").Known} */
const known = await (await fetch(new URL("../../workbench/known.json", import.meta.url))).json();
const python = new Python((stage) => stage && say(stage));
const overview = new Overview($("#panel-module"), known, { openFunction: () => {} });
/** Counts what was opened: what comes late of an earlier one is dropped. */
let turn = 0;

/** Reads the bytes of a module and shows them. @param {string} name @param {Uint8Array} bytes */
function show(name, bytes) {
  const contents = readModule(bytes);
  window.workbench = { name, bytes, contents };
  $("#work").hidden = false;
  overview.show(bytes, contents);
  say(
    `${shown(name)}: ${count(bytes.length, "byte")}, ${count(contents.sections.length, "section")}, `
      + `${count(contents.functions.length, "function")}, ${count(contents.memories.length, "memory").replace("memorys", "memories")}.`,
  );
  if (contents.problem) {
    complain(`${shown(name)} is no whole module: ${contents.problem}. What comes before that place is shown.`);
  }
}

/** Opens what was given. @param {import("./intake.mjs").Given} what */
async function open(what) {
  const mine = ++turn;
  if (what.bytes) {
    show(what.name, what.bytes);
    return;
  }
  say(`${shown(what.name)} is a text: assembling it …`);
  const answer = await python.ask("assemble", what.text);
  if (mine !== turn) return;
  if (answer.error) throw new Refused(`${shown(what.name)}: ${answer.error}`);
  show(what.name, answer.bytes);
}

/** Does what brings a module; what it says of a refusal is shown. @param {() => any} bring */
async function bringing(bring) {
  try {
    const what = await bring();
    if (what) await open(what);
  } catch (error) {
    if (error instanceof Refused) complain(error.message);
    else complain(`This did not work: ${error.message ?? error}`);
  }
}

/** @param {number} index */
async function example(index) {
  const { name, bytes, file } = known.examples[index];
  if (file) {
    say(`Loading ${name} …`);
    return { ...(await givenAddress(new URL(`../../${file}`, import.meta.url).href)), name };
  }
  return given(
    Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)),
    name,
  );
}

function listen() {
  $("#file").addEventListener("change", () => {
    const [file] = $("#file").files;
    $("#file").value = "";
    if (file) void bringing(() => givenFile(file));
  });
  $("#example").addEventListener("change", () => {
    const chosen = $("#example").value;
    if (chosen) void bringing(() => example(Number(chosen)));
  });
  $("#paste-form").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    void bringing(() => givenText($("#paste").value, "what was pasted"));
  });
  $("#address-form").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    void bringing(() => givenAddress($("#address").value));
  });
  $("#theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  listenToDrops();
  document.addEventListener("paste", (event) => {
    const [file] = event.clipboardData?.files ?? [];
    if (file) void bringing(() => givenFile(file));
  });
}

function listenToDrops() {
  let depth = 0;
  const mark = (/** @type {number} */ change) => {
    depth = change === 0 ? 0 : Math.max(0, depth + change);
    document.body.classList.toggle("dragging", depth > 0);
  };
  document.addEventListener("dragenter", () => mark(1));
  document.addEventListener("dragleave", () => mark(-1));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(0);
    const [file] = event.dataTransfer?.files ?? [];
    const text = event.dataTransfer?.getData("text/plain") ?? "";
    void bringing(() => (file ? givenFile(file) : givenText(text, "what was dropped")));
  });
}

listen();
showTab("module");
document.body.dataset.ready = "true";
