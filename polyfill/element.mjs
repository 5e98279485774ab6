// <wasm-compare src="add.wasm" call="add(1, 2)">: a call that a documentation page shows, run by the browser's own engine
// and by pyjsapi's JavaScript face, each in a worker. This file is the element, and the script of its workers.

const TIMEOUT_S = 30;
const STYLE = `
:host { --_text: var(--wasm-compare-text, light-dark(#1c2330, #e4e8f0)); --_dim: var(--wasm-compare-dim, light-dark(#5b6577, #98a3b8));
  --_background: var(--wasm-compare-background, light-dark(#ffffff, #181e29)); --_border: var(--wasm-compare-border, light-dark(#dfe3eb, #2a3342));
  --_equal: var(--wasm-compare-equal, light-dark(#0f7a45, #59d094)); --_different: var(--wasm-compare-different, light-dark(#b3261e, #ff8b82));
  --_mono: var(--wasm-compare-mono, ui-monospace, "DejaVu Sans Mono", Menlo, monospace);
  display: block; margin: 1em 0; color: var(--_text); font: var(--wasm-compare-font, 15px/1.5 system-ui, sans-serif); }
:host([hidden]) { display: none; }
section { padding: 10px 14px; background: var(--_background); border: 1px solid var(--_border); border-radius: 8px; }
header { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline; justify-content: space-between; }
code { font-family: var(--_mono); font-size: 0.9em; overflow-wrap: anywhere; }
button { font: inherit; color: inherit; padding: 2px 12px; border: 1px solid currentColor; border-radius: 6px; background: none; cursor: pointer; }
button:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 2px 16px; margin: 8px 0; }
dt { color: var(--_dim); }
dd { margin: 0; }
p { margin: 0; font-weight: 600; }
[data-outcome="equal"] { color: var(--_equal); }
[data-outcome="different"], [data-outcome="error"] { color: var(--_different); }
`;
const ENGINES = { native: "This browser", pyjsapi: "pyjsapi" };

/** @typedef {"native" | "pyjsapi"} Engine */
/** @typedef {{ id: number, bytes: Uint8Array, name: string, args: any[], indexURL: string, packageURL?: string }} Order */
/** @typedef {{ id: number, started?: true, value?: string, error?: string, message?: string }} Answer */

// The worker's half.

/** A value as JavaScript writes it: equal texts are equal values. */
function written(/** @type {any} */ value) {
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return `function ${value.name}`;
  return Object.is(value, -0) ? "-0" : String(value);
}

/** The class of an error, by which two are compared; Firefox has one of its own for the end of the stack. */
function failureOf(/** @type {any} */ error) {
  const name = error?.constructor?.name ?? typeof error;
  return { error: name === "InternalError" ? "RangeError" : name, message: String(error?.message ?? error) };
}

/** @type {Promise<any> | undefined} */
let face;

/** The namespace of an engine; pyjsapi's is made once. */
async function namespaceOf(/** @type {Engine} */ engine, /** @type {Order} */ { indexURL, packageURL }) {
  if (engine === "native") return globalThis.WebAssembly;
  face ??= import("./python.mjs").then(({ loadPythonWebAssembly }) => loadPythonWebAssembly({ indexURL, packageURL }));
  return (await face).WebAssembly;
}

/** What a call comes to on a namespace. */
function callOn(/** @type {any} */ WebAssembly, /** @type {Order} */ { bytes, name, args }) {
  const module = new WebAssembly.Module(bytes);
  const [needed] = WebAssembly.Module.imports(module);
  if (needed) throw new Error(`the module imports ${needed.module}.${needed.name}, and this element gives no imports`);
  const { exports } = new WebAssembly.Instance(module);
  if (typeof exports[name] !== "function") {
    const there = Object.keys(exports).filter((key) => typeof exports[key] === "function");
    throw new Error(`the module exports no function ${name}; it exports ${there.join(", ") || "none"}`);
  }
  return written(exports[name](...args));
}

function work(/** @type {Engine} */ engine) {
  addEventListener("message", async ({ data: order }) => {
    const { id } = order;
    try {
      const namespace = await namespaceOf(engine, order);
      postMessage({ id, started: true });
      postMessage({ id, value: callOn(namespace, order) });
    } catch (error) {
      postMessage({ id, ...failureOf(error) });
    }
  });
}

// The page's half.

/** @type {Partial<Record<Engine, Worker>>} */
const workers = {};
let lastId = 0;

/** One worker for each engine serves all elements of a page. */
function workerOf(/** @type {Engine} */ engine) {
  workers[engine] ??= new Worker(import.meta.url, { type: "module", name: `wasm-compare ${engine}` });
  return workers[engine];
}

/**
 * What a worker answers; where a call takes too long, its worker is ended, and the next call gets a new one.
 * @param {Engine} engine
 * @param {Omit<Order, "id">} order
 * @param {number} seconds
 * @returns {Promise<Answer>}
 */
function ask(engine, order, seconds) {
  const worker = workerOf(engine);
  const id = ++lastId;
  return new Promise((resolve) => {
    let clock = 0;
    const end = (/** @type {Answer} */ answer, broken = false) => {
      clearTimeout(clock);
      worker.removeEventListener("message", listen);
      worker.removeEventListener("error", fail);
      worker.removeEventListener("ended", ended);
      if (broken) {
        worker.terminate();
        if (workers[engine] === worker) delete workers[engine];
        worker.dispatchEvent(new Event("ended"));
      }
      resolve(answer);
    };
    const late = () => end({ id, error: "Timeout", message: `no answer in ${seconds} s` }, true);
    const ended = () => ask(engine, order, seconds).then(resolve);
    const fail = (/** @type {ErrorEvent} */ event) =>
      end({ id, error: "Error", message: event.message || "the worker could not start" }, true);
    const listen = (/** @type {MessageEvent<Answer>} */ { data }) => {
      if (data.id !== id) return;
      if (data.started) clock = window.setTimeout(late, seconds * 1000);
      else end(data);
    };
    worker.addEventListener("message", listen);
    worker.addEventListener("error", fail);
    worker.addEventListener("ended", ended);
    worker.postMessage({ id, ...order });
  });
}

/** A literal of JavaScript: a number, a BigInt with its n, a text in quotation marks, null. */
function literalOf(/** @type {string} */ text) {
  if (/^[+-]?\d+n$/.test(text)) return BigInt(text.slice(0, -1).replace("+", ""));
  if (/^[+-]?Infinity$|^NaN$/.test(text)) return Number(text);
  if (/^[+-]?(0x[\da-f]+|(\d+\.?\d*|\.\d+)(e[+-]?\d+)?)$/i.test(text)) {
    const sign = text.startsWith("-") ? -1 : 1;
    return sign * Number(text.replace(/^[+-]/, ""));
  }
  if (/^"[^"\\]*"$/.test(text)) return text.slice(1, -1);
  if (text === "null") return null;
  if (text === "undefined") return undefined;
  throw new Error(`${text} is no number, BigInt (5n), "text", null or undefined`);
}

/**
 * The name and the arguments of a call.
 * @param {string} text
 */
export function parseCall(text) {
  const found = /^\s*([^()\s]+)\s*\((.*)\)\s*$/s.exec(text);
  if (!found) throw new Error(`call="${text}" is not a function's name and arguments: call="add(1, 2)"`);
  const [, name, inside] = found;
  const parts = inside.match(/"[^"]*"|[^,]+/g) ?? [];
  return {
    name,
    args: parts
      .map((part) => part.trim())
      .filter(Boolean)
      .map(literalOf),
  };
}

/** The bytes of a module; sentences for what is none. */
async function load(/** @type {string | null} */ src) {
  if (!src) throw new Error("src is missing: the address of a module (.wasm)");
  const url = new URL(src, document.baseURI);
  let response;
  try {
    response = await fetch(url);
  } catch {
    throw new Error(`${url.pathname} cannot be loaded`);
  }
  if (!response.ok) throw new Error(`${url.pathname} cannot be loaded: the server says ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (String.fromCharCode(...bytes.subarray(0, 4)) !== "\0asm") {
    throw new Error(`${url.pathname} is no WebAssembly module: it does not begin with \\0asm`);
  }
  if (bytes[6] === 1) throw new Error(`${url.pathname} is a component, not a module`);
  return bytes;
}

function element(
  /** @type {string} */ tag,
  /** @type {Record<string, string>} */ attributes,
  /** @type {(Node | string)[]} */ ...children
) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const shown = (/** @type {Answer} */ { value, error, message }) =>
  error === undefined ? String(value) : error === "Error" ? String(message) : `${error}: ${message}`;

/** The custom element; where there are none, as in a worker, a class of nothing. */
const Base = globalThis.HTMLElement ?? class {};

export class WasmCompareElement extends Base {
  static observedAttributes = ["src", "call", "pyodide", "package", "timeout"];

  /** Counts runs: what an older one comes to is not shown. */
  #run = 0;

  constructor() {
    super();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
  }

  connectedCallback() {
    void this.run();
  }

  attributeChangedCallback() {
    if (this.isConnected && this.#run) void this.run();
  }

  /** Runs the call on both engines; resolves when both have answered, or it is clear that they cannot. */
  async run() {
    const run = ++this.#run;
    const call = this.getAttribute("call") ?? "";
    const { cells, verdict } = this.#draw(call);
    const say = (/** @type {string} */ outcome, /** @type {string} */ text) => {
      if (run !== this.#run) return;
      verdict.dataset.outcome = outcome;
      verdict.textContent = text;
      this.setAttribute("outcome", outcome);
      this.dispatchEvent(new CustomEvent("wasm-compare", { bubbles: true, composed: true, detail: { outcome, text } }));
    };
    try {
      const order = { ...parseCall(call), bytes: await load(this.getAttribute("src")), ...this.#places() };
      const seconds = Number(this.getAttribute("timeout")) || TIMEOUT_S;
      const engines = /** @type {Engine[]} */ (Object.keys(ENGINES));
      const answers = await Promise.all(
        engines.map(async (engine) => {
          const answer = await ask(engine, order, seconds);
          cells[engine].textContent = shown(answer);
          return answer;
        }),
      );
      const refused = answers.find(({ error }) => error === "Error");
      if (refused) throw new Error(refused.message);
      const [first, second] = answers.map(({ value, error }) => JSON.stringify([value, error]));
      say(first === second ? "equal" : "different", first === second ? "Equal" : "Different");
    } catch (error) {
      say("error", String(error.message));
    }
  }

  #places() {
    const indexURL = new URL(this.getAttribute("pyodide") ?? "pyodide/", document.baseURI).href;
    const wheel = this.getAttribute("package");
    return { indexURL, packageURL: wheel ? new URL(wheel, document.baseURI).href : undefined };
  }

  #draw(/** @type {string} */ call) {
    /** @type {Record<string, HTMLElement>} */
    const cells = {};
    const list = element("dl", { part: "results" });
    for (const [engine, name] of Object.entries(ENGINES)) {
      cells[engine] = element("code", {}, "…");
      list.append(element("dt", {}, name), element("dd", { part: `result ${engine}` }, cells[engine]));
    }
    const again = element("button", { type: "button", part: "button" }, "Run again");
    again.addEventListener("click", () => {
      void this.run();
      this.shadowRoot?.querySelector("button")?.focus();
    });
    const verdict = element("p", { role: "status", part: "outcome" }, "Running …");
    const header = element("header", {}, element("code", { part: "call" }, call), again);
    const section = element("section", { "aria-label": `${call} on two engines` }, header, list, verdict);
    this.removeAttribute("outcome");
    this.shadowRoot?.replaceChildren(section);
    return { cells, verdict };
  }
}

if (globalThis.customElements) {
  if (!customElements.get("wasm-compare")) customElements.define("wasm-compare", WasmCompareElement);
} else {
  const [kind, engine] = String(/** @type {any} */ (globalThis).name).split(" ");
  if (kind === "wasm-compare") work(/** @type {Engine} */ (engine));
}
