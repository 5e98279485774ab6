// The engines that run a module, each in a worker of its own: what never ends is ended, and the page goes on.

/** @typedef {import("./runner.mjs").Step} Step */
/** @typedef {import("./runner.mjs").Image} Image */
/** @typedef {{ steps: Step[], images: Image[] | null, broken: string, stage: string, done: boolean }} Outcome */

/** One engine and its worker, which is kept for the next run. */
export class Engine {
  /** @type {Worker | null} */ #worker = null;
  /** @type {(() => void) | null} */ #finish = null;
  /** @type {Outcome} */ outcome = empty();

  /** @param {string} name @param {(engine: Engine) => void} changed told whenever there is more to show */
  constructor(name, changed) {
    this.name = name;
    this.changed = changed;
  }

  get running() {
    return this.#finish !== null;
  }

  /** Carries out a plan; resolves when it is done, stopped, or broken. @param {import("./plan.mjs").Plan} plan @returns {Promise<void>} */
  run(plan) {
    if (this.running) this.stop("another run took its place");
    this.outcome = empty();
    this.#worker ??= this.#start();
    const done = /** @type {Promise<void>} */ (
      new Promise((resolve) => {
        this.#finish = resolve;
      })
    );
    this.#worker.postMessage({ engine: this.name, plan });
    this.changed(this);
    return done;
  }

  /** Ends what runs. @param {string} [why] */
  stop(why = "stopped") {
    if (!this.running) return;
    this.#worker?.terminate();
    this.#worker = null;
    this.#end(why);
  }

  #start() {
    const worker = new Worker(new URL("run_worker.mjs", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }) => this.#receive(data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.stop(event.message || "its worker could not be loaded");
    });
    return worker;
  }

  /** @param {any} data */
  #receive({ stage, step, index, images, broken }) {
    if (!this.running) return;
    if (stage !== undefined) this.outcome.stage = stage;
    if (step) this.outcome.steps[index] = step;
    if (images) this.outcome.images = images;
    if (images || broken) this.#end(broken ?? "");
    else this.changed(this);
  }

  /** @param {string} broken */
  #end(broken) {
    Object.assign(this.outcome, { broken, stage: "", done: true });
    const finish = this.#finish;
    this.#finish = null;
    finish?.();
    this.changed(this);
  }
}

/** @returns {Outcome} */
const empty = () => ({ steps: [], images: null, broken: "", stage: "", done: false });
