// The page's side of answering.mjs: questions to pyjsapi, answered in order, beside the page.

/** Pyodide or pyjsapi could not be started, or the question made the worker end. */
export class Broken extends Error {}

/** @typedef {(stage: string) => void} Tell */

export class Python {
  /** @type {Worker | null} */
  #worker = null;
  #last = 0;
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void, verb: string }>} */
  #asked = new Map();

  /**
   * @param {Tell} tell told what the worker is doing, in words; empty when it is ready
   * @param {string} [script] of the worker
   */
  constructor(tell, script = "python_worker.mjs") {
    this.tell = tell;
    this.script = script;
  }

  /**
   * The answer of the function `verb` of web/workbench/tools.py.
   * @param {string} verb
   * @param {...any} given
   * @returns {Promise<any>}
   */
  ask(verb, ...given) {
    this.#worker ??= this.#start();
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject, verb });
      /** @type {Worker} */ (this.#worker).postMessage({ id, verb, given });
    });
  }

  /** Tells a worker that is there something that has no answer. @param {any} message */
  send(message) {
    this.#worker?.postMessage(message);
  }

  /** Whether Pyodide was asked for before: a question now does not have to wait for it to load. */
  get running() {
    return this.#worker !== null;
  }

  /** Ends what is being done; who asked gets `Broken`. The next question starts anew. */
  stop(why = "stopped") {
    this.#worker?.terminate();
    this.#worker = null;
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    this.tell("");
    for (const { reject } of asked) reject(new Broken(why));
  }

  #start() {
    const worker = new Worker(new URL(this.script, import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }) => this.#receive(data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.stop(event.message || "the worker with Pyodide could not be loaded");
    });
    return worker;
  }

  /** @param {any} data */
  #receive({ id, stage, answer, error, fatal }) {
    if (stage !== undefined) this.tell(stage);
    if (fatal) this.stop(fatal);
    const asked = this.#asked.get(id);
    if (!asked) return;
    this.#asked.delete(id);
    if (error === undefined) asked.resolve(answer);
    else asked.reject(new Error(error));
  }
}
