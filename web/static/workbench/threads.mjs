// Workers that have a module's shared memories: as many as somebody wants call exports at the same time, and while they run
// their memories are looked at.

import { CallsForm } from "./calls.mjs";
import { make, shown } from "./dom.mjs";
import { summary } from "./judging.mjs";
import { LiveImage } from "./live_image.mjs";
import { stubsOf } from "./plan.mjs";
import { Board, MOST_THREADS, SLOT, waitersOf, withThreads } from "./threaded.mjs";
import { spelt } from "./values.mjs";

/** Time between two looks, in milliseconds. */
const BETWEEN = 250;

/** @typedef {{ title: string, worker: Worker, ready: boolean, result: import("./runner.mjs").Step | null, row: any }} Thread */

/** Tells "start" when there are other memories, "look" when they were looked at. */
export class Threads extends EventTarget {
  /** @type {Thread[]} */ #threads = [];
  /** @type {LiveImage[]} */ images = [];
  #timer = 0;

  /** @param {import("./session.mjs").Session} session @param {(index: number, at: number, count: number) => void} goTo */
  constructor(session, goTo) {
    super();
    this.session = session;
    this.goTo = goTo;
    this.form = new CallsForm();
    this.many = make("input", { type: "text", inputmode: "numeric", value: 2, size: 4, autocomplete: "off" });
    this.go = make("button", { type: "submit" }, "Start the workers");
    this.halt = make("button", { type: "button", disabled: true, onclick: () => this.stop() }, "Stop the workers");
    this.state = make("p", { class: "said", role: "status" });
    this.rows = make("tbody");
    const heads = ["Worker", "State", "Waits", "Notifies", "Woken by it"];
    this.table = make(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Workers", hidden: true },
      make(
        "table",
        {},
        make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)))),
        this.rows,
      ),
    );
    const form = make(
      "form",
      {},
      this.form.element,
      make(
        "div",
        { class: "intake-row" },
        make("label", { class: "box" }, "workers for each call ", this.many),
        make("span", { class: "buttons" }, this.go, this.halt),
      ),
    );
    form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.start();
    });
    this.parts = make("div", {}, form);
    this.element = make(
      "details",
      { class: "card threads", hidden: true },
      make("summary", {}, "Workers with the shared memories"),
      this.parts,
      this.state,
      this.table,
    );
    session.addEventListener("module", () => this.#reset());
  }

  #reset() {
    this.stop();
    this.images = [];
    this.#threads = [];
    this.#draw();
    const { contents } = this.session;
    const shared = contents?.memories.some((one) => one.shared) ?? false;
    this.element.hidden = !shared;
    this.parts.hidden = !globalThis.crossOriginIsolated;
    this.state.textContent = globalThis.crossOriginIsolated
      ? ""
      : "Workers can have a memory together only in a page that is isolated across origins: the server of this one does not send the headers Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy.";
    if (contents && shared) this.form.reset(contents);
  }

  /** Starts workers that make the calls, all at the same time. */
  start() {
    const { bytes, contents } = this.session;
    if (!bytes || !contents) return;
    this.stop();
    try {
      const calls = this.form.calls;
      const many = Number(this.many.value);
      if (!(many >= 1 && many * calls.length <= MOST_THREADS))
        throw new Error(`There can be 1 to ${MOST_THREADS} workers, as many for each call.`);
      this.#prepare(
        bytes,
        contents,
        calls.flatMap((call) => Array.from({ length: many }, () => call)),
      );
    } catch (error) {
      this.state.textContent = error.message;
    }
  }

  /** @param {Uint8Array} bytes @param {import("./binary.mjs").Contents} contents @param {import("./plan.mjs").Call[]} calls */
  #prepare(bytes, contents, calls) {
    const { bytes: threaded, imports, slot } = withThreads(bytes, contents);
    const memories = imports.map((one) => ({
      ...one,
      memory: one.shared ? new WebAssembly.Memory(one.descriptor) : null,
    }));
    const all = memories.map(({ memory }) => memory);
    this.board = new Board(/** @type {WebAssembly.Memory} */ (all.pop()).buffer);
    this.images = all.flatMap((memory, index) => (memory ? [new LiveImage(index, memory)] : []));
    const stubs = stubsOf(contents).filter(({ kind }) => kind !== "memory");
    const plan = { bytes: threaded, stubs, memories: [], shift: 0 };
    this.#threads = calls.map((call, k) => this.#thread(call, k));
    for (const [k, { worker }] of this.#threads.entries())
      worker.postMessage({ plan, memories, slot, start: k * SLOT, call: calls[k] });
    this.halt.disabled = false;
    this.#timer = window.setInterval(() => this.#look(), BETWEEN);
    this.#draw();
    this.dispatchEvent(new Event("start"));
  }

  /** @param {import("./plan.mjs").Call} call @param {number} k @returns {Thread} */
  #thread(call, k) {
    const worker = new Worker(new URL("thread_worker.mjs", import.meta.url), { type: "module" });
    const title = `${k + 1}: ${shown(call.export)}(${call.arguments.map(spelt).join(", ")})`;
    /** @type {Thread} */
    const thread = { title, worker, ready: false, result: null, row: null };
    worker.addEventListener("message", ({ data }) => this.#heard(thread, data.result ?? null));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#heard(thread, failed(event.message || "its worker could not be loaded"));
    });
    return thread;
  }

  /**
   * A worker has its instance, or is done.
   * @param {Thread} thread
   * @param {Thread["result"]} result
   */
  #heard(thread, result) {
    thread.result ??= result;
    const before = thread.ready;
    thread.ready = true;
    // All instances are there before any call is made: each of them writes the data segments.
    if (!before && this.#threads.every(({ ready }) => ready))
      for (const { worker } of this.#threads) worker.postMessage({ go: true });
    if (result) this.#look();
  }

  /** Ends workers that are still running. */
  stop() {
    for (const thread of this.#threads) {
      thread.worker.terminate();
      thread.result ??= failed("stopped");
    }
    if (this.#timer) this.#look();
  }

  /** Looks at the workers and their memories. */
  #look() {
    const now = this.#threads.map((_thread, k) => this.board?.read(k));
    const running = now.filter((_one, k) => !this.#threads[k].result);
    for (const image of this.images)
      image.look(waitersOf(/** @type {NonNullable<typeof now[0]>[]} */ (running), image.image.index));
    if (running.length === 0) {
      window.clearInterval(this.#timer);
      this.#timer = 0;
      this.halt.disabled = true;
      for (const { worker } of this.#threads) worker.terminate();
    }
    this.#draw();
    this.dispatchEvent(new Event("look"));
  }

  #draw() {
    this.table.hidden = this.#threads.length === 0;
    if (this.#threads.length === 0) {
      this.rows.replaceChildren();
      return;
    }
    const focused = this.rows.contains(document.activeElement) ? document.activeElement?.closest("tr")?.rowIndex : 0;
    this.rows.replaceChildren(...this.#threads.map((thread, k) => this.#row(thread, k)));
    if (focused) this.rows.children[focused - 1]?.querySelector("button")?.focus();
    const done = this.#threads.filter(({ result }) => result).length;
    const waiting = this.#threads.filter(({ result }, k) => !result && this.board?.read(k).waits).length;
    const text = `${this.#threads.length} workers: ${this.#threads.length - done - waiting} run, ${waiting} wait, ${done} are done.`;
    if (text !== this.state.textContent) this.state.textContent = text;
  }

  /** @param {Thread} thread @param {number} k */
  #row({ title, result, ready }, k) {
    const now = this.board?.read(k);
    const cells = [this.#stateOf(result, ready, now), now?.waited, now?.notified, now?.woken];
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, title),
      ...cells.map((one) => make("td", {}, one instanceof Node ? one : String(one))),
    );
  }

  /** @param {Thread["result"]} result @param {boolean} ready @param {ReturnType<Board["read"]> | undefined} now */
  #stateOf(result, ready, now) {
    if (result) return result.error ? `${result.error.name}: ${result.error.message}` : `returned ${summary(result)}`;
    if (!ready) return "makes its instance";
    if (!now?.waits) return "runs";
    const { memory, address } = now;
    const text = `waits at 0x${address.toString(16)} of memory ${memory}`;
    return make("button", { type: "button", class: "link", onclick: () => this.goTo(memory, address, 4) }, text);
  }
}

/** @param {string} message @returns {import("./runner.mjs").Step} */
const failed = (message) => ({ error: { name: "Error", message, frames: [] }, log: [], logged: 0, ms: 0 });
