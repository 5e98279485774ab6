// The section "Memory sharing": runs demonstrations one after the other in a worker, and shows what they say, with a
// picture of the address spaces that follows them. What came of each is in `window.demos`.
// URL parameter: ?demos runs all at once.

import { drawSpaces } from "./spaces.mjs";

/** @typedef {{ kind: string, text: string, id?: string, passed?: boolean, value?: string, spaces?: any[],
 *   width?: number, height?: number, pixels?: string }} Line */

const PASSED = 0;
const FAILED = 1;

/** @type {(selector: string, within?: ParentNode) => any} what is there is of the kind that the page's template says */
const $ = (selector, within = document) => within.querySelector(selector);
const section = $("#demos");
const stage = $("#demo-stage");

/** @type {Map<string, Line[]>} */
const said = new Map();
/** @type {Record<string, number>} */
const statuses = {};
/** @type {string[]} */
const queue = [];
let running = "";
let shown = "";
/** @type {Worker | null} */
let worker = null;

const itemOf = (/** @type {string} */ name) => $(`#demo-${name}`);

function setStatus(/** @type {string} */ name, /** @type {string} */ status) {
  itemOf(name).dataset.status = status;
  $(".outcome", itemOf(name)).textContent = status;
}

/** An image of RGBA pixels, as large as they are. */
function canvasOf(/** @type {Line} */ { width = 0, height = 0, pixels = "", text }) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height, title: text });
  const bytes = Uint8ClampedArray.from(atob(pixels), (character) => character.charCodeAt(0));
  canvas.getContext("2d")?.putImageData(new ImageData(bytes, width, height), 0, 0);
  return canvas;
}

/** What a line is in the page, or nothing for those that are shown elsewhere. */
function elementOf(/** @type {Line} */ line) {
  if (line.kind === "title" || line.kind === "picture") return null;
  const item = document.createElement("li");
  item.className = line.kind;
  item.textContent = line.kind === "figure" ? `${line.text}: ${line.value}` : line.text;
  if (line.kind === "check") {
    item.dataset.passed = String(line.passed);
    if (line.id) item.prepend(`${line.id}: `);
  }
  if (line.kind === "image") item.append(canvasOf(line));
  return item;
}

function add(/** @type {Line} */ line) {
  if (line.kind === "picture") $(".picture", stage).replaceChildren(drawSpaces(line.spaces ?? []));
  const element = elementOf(line);
  if (element) $(".lines", stage).append(element);
}

function show(/** @type {string} */ name) {
  shown = name;
  for (const item of section.querySelectorAll(".demo")) item.classList.toggle("shown", item.id === `demo-${name}`);
  stage.hidden = false;
  $("h3", stage).textContent = $(".title", itemOf(name)).textContent;
  $(".explanation", stage).textContent = itemOf(name).dataset.text;
  $(".picture", stage).replaceChildren();
  $(".lines", stage).replaceChildren();
  for (const line of said.get(name) ?? []) add(line);
}

function finish(/** @type {string} */ name, /** @type {number} */ status) {
  statuses[name] = status;
  setStatus(name, status === PASSED ? "passed" : status === FAILED ? "failed" : "skipped");
  running = "";
  next();
}

function receive(/** @type {any} */ { name, line, status, broken, started }) {
  if (started) setStatus(started, "running");
  if (line) {
    said.get(name)?.push(line);
    if (name === shown) add(line);
  }
  if (broken) fail(broken);
  else if (status !== undefined) finish(name, status);
}

/** The worker is of no use any more; the next demonstration gets a new one. */
function fail(/** @type {string} */ text) {
  worker?.terminate();
  worker = null;
  receive({ name: running, line: { kind: "end", text } });
  finish(running, FAILED);
}

function next() {
  const name = queue.shift();
  $("#run-demos").disabled = name !== undefined;
  if (name === undefined) return;
  running = name;
  said.set(name, []);
  setStatus(name, "starting");
  show(name);
  if (!worker) {
    worker = new Worker(new URL("demo_worker.mjs", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }) => receive(data));
    worker.addEventListener("error", (event) => fail(event.message || "the worker could not start"));
  }
  worker.postMessage({ name });
}

function run(/** @type {string[]} */ names) {
  for (const name of names) {
    if (name === running || queue.includes(name)) continue;
    setStatus(name, "waiting");
    queue.push(name);
  }
  if (!running) next();
}

/** @type {HTMLElement[]} */
const items = [...section.querySelectorAll(".demo")];
const nameOf = (/** @type {HTMLElement} */ item) => item.id.slice("demo-".length);
for (const item of items) {
  $(".title", item).addEventListener("click", () =>
    said.has(nameOf(item)) ? show(nameOf(item)) : run([nameOf(item)]),
  );
}
$("#run-demos").addEventListener("click", () => run(items.map(nameOf)));
$("#run-demo").addEventListener("click", () => run([shown]));
window.demos = statuses;
if (new URLSearchParams(location.search).has("demos")) run(items.map(nameOf));
