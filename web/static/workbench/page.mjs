// The workbench: a module comes in, is read at once, and is shown. Python comes later, where it is needed.
// What was read is in `window.workbench`, for tests.

import { CodeView } from "./code.mjs";
import { DebugView } from "./debugger.mjs";
import { Debugging } from "./debugging.mjs";
import { ListingBreakpoints } from "./listing_breakpoints.mjs";
import { $, complain, say } from "./dom.mjs";
import { given, givenAddress, givenFile, givenText, Refused } from "./intake.mjs";
import { sharedBy } from "./link.mjs";
import { MemoryView } from "./memory.mjs";
import { Overview } from "./overview.mjs";
import { Python } from "./python.mjs";
import { RunView } from "./run.mjs";
import { Session } from "./session.mjs";
import { ShareView } from "./share.mjs";
import { showTab } from "./tabs.mjs";
import { TextView } from "./text.mjs";

const NEW = `(module
  (memory (export "memory") 1)
  (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1))))
`;

/** @type {import("./overview.mjs").Known} */
const known = await (await fetch(new URL("../../workbench/known.json", import.meta.url))).json();
const python = new Python((stage) => {
  $("#python").textContent = stage;
});
const session = new Session(python);
const overview = new Overview($("#panel-module"), known, {
  openFunction: (index) => code.open(index),
  validate: (bytes) => python.ask("validate", bytes),
});
const code = new CodeView($("#panel-code"), session, overview);
const run = new RunView($("#panel-run"), session, known, (index, offset) => code.open(index, offset));
const debugging = new Debugging(session, run, (stage) => debug.tell(stage));
new TextView($("#panel-text"), session, known.instructions, debugging);
new ListingBreakpoints(code, debugging, (error) => complain(error.message));
const debug = new DebugView($("#panel-debug"), debugging, (index, offset) => code.open(index, offset));
new MemoryView($("#panel-memory"), session, run);
new ShareView($("#panel-share"), session, run);

session.addEventListener("module", () => {
  const { name, bytes, contents } = session;
  if (!bytes || !contents) return;
  window.workbench = { name, bytes, contents };
  $("#work").hidden = false;
  overview.show(bytes, contents);
});
session.addEventListener("text", () => {
  $("#work").hidden = false;
});

/** Does what brings a module; what it says of a refusal is shown. @param {() => any} bring @param {any} [call] */
async function bringing(bring, call = null) {
  try {
    await session.open(await bring(), call);
  } catch (error) {
    if (error instanceof Refused) complain(error.message);
    else complain(`This did not work: ${error.message ?? error}`);
  }
}

/** @param {number} index */
async function example(index) {
  const { name, bytes, text, file } = known.examples[index];
  if (file) {
    say(`Loading ${name} …`);
    return { ...(await givenAddress(new URL(`../../${file}`, import.meta.url).href)), name };
  }
  return {
    ...given(
      Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)),
      name,
    ),
    text,
  };
}

function listen() {
  $("#file").addEventListener("change", () => {
    const [file] = $("#file").files;
    $("#file").value = "";
    if (file) void bringing(() => givenFile(file));
  });
  $("#example").addEventListener("change", () => {
    const chosen = $("#example").value;
    if (chosen) void bringing(() => example(Number(chosen)), known.examples[Number(chosen)].call);
  });
  $("#paste-form").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    void bringing(() => givenText($("#paste").value, "what was pasted"));
  });
  $("#address-form").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    void bringing(() => givenAddress($("#address").value));
  });
  $("#new").addEventListener("click", () => {
    showTab("text", { focus: true });
    void bringing(() => givenText(NEW, "new.wat"));
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

/** Opens what the address holds behind its #; the calls are made with a click, not by opening. */
async function openLink() {
  try {
    const shared = await sharedBy(location.hash);
    if (!shared) return;
    const name = shared.name || "the link's module";
    const what = shared.text === null ? given(shared.bytes ?? new Uint8Array(), name) : givenText(shared.text, name);
    await session.open(what);
    run.fill(shared);
    showTab("run");
    say(`${session.name}, from a link. What it asks for is filled in; “Run” does it.`);
  } catch (error) {
    complain(error.message);
  }
}

listen();
showTab("module");
addEventListener("hashchange", () => void openLink());
await openLink();
document.body.dataset.ready = "true";
