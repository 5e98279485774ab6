// What is debugged: breakpoints, whether it runs, and where it stopped. Views listen to it; it has no elements.

import { Python } from "./python.mjs";

/**
 * @typedef {Record<string, any> & { kind: string }} Spec  a breakpoint as `pyjsapi.debugging` takes it
 * @typedef {{ spec: Spec, number: number | null, made: any, error: string }} Breakpoint
 * @typedef {{ type: string, value: string, index?: number, name?: string | null }} Typed
 * @typedef {{ memory: number, address: number, size: number, reads: boolean, writes: boolean }} Access
 * @typedef {{ kind: string, name: string | null, function: number, instance: number, instruction: number, offset: number, text: string,
 *   place: { file: string, line: number, column: number } | null, locals?: Typed[], operands?: Typed[], accesses?: Access[],
 *   arguments?: Typed[] }} Frame
 * @typedef {{ stop: any, count: number, depth: number, frames: Frame[], outcome?: any, call: number, left: number, log: any[],
 *   logged: number, memories: number[], passed: any[], error?: string }} State
 */

/** Commands that are over at once: another can be given meanwhile. */
const QUICK = new Set(["step", "back", "restart"]);

/** The text has one name, whether the module was made from it or is printed so. @param {string} file */
const fileOf = (file) => (file === "text" ? "" : file);

/**
 * Tells its listeners: "phase" when it starts, runs, stops or ends; "state" when there is another place, or none any
 * more; "breakpoints" when those are others.
 */
export class Debugging extends EventTarget {
  /** @type {"off" | "starting" | "running" | "stopped"} */ phase = "off";
  /** @type {State | null} */ state = null;
  /** @type {Breakpoint[]} */ breakpoints = [{ spec: { kind: "trap" }, number: null, made: null, error: "" }];
  /** What the calls are called, of the present session. @type {string[]} */ calls = [];
  /** What runs now is over at once. */ isQuick = false;
  /** @type {Promise<void>} */ #doing = Promise.resolve();
  /** Source files that were brought: their texts by name. @type {Map<string, string>} */ files = new Map();

  /** @param {import("./session.mjs").Session} session @param {import("./run.mjs").RunView} run @param {(stage: string) => void} tell */
  constructor(session, run, tell) {
    super();
    this.session = session;
    this.run = run;
    this.python = new Python(tell, "debugger_worker.mjs");
    session.addEventListener("module", () => this.#moduleChanged());
  }

  /** Whether there is a call that can go on, or be taken back. */
  get isStopped() {
    return this.phase === "stopped";
  }

  #moduleChanged() {
    this.stop();
    const other = this.session.name !== this.name;
    this.name = this.session.name;
    // Of a text that is edited the breakpoints stay at their places; those of another module mean nothing here.
    if (other)
      this.breakpoints = this.breakpoints.filter(({ spec }) => ["trap", "exception", "growth"].includes(spec.kind));
    this.#told("breakpoints");
  }

  /** Makes the instance, and begins a call. Raises an Error. @param {number} first its number; those before are made at once */
  async start(first) {
    const plan = this.run.planAsIs();
    const { text } = this.session;
    const sourceMap = [...this.files].find(([name]) => name.endsWith(".map"))?.[1] ?? null;
    this.stop();
    this.#enter("starting");
    const opened = await this.#asked("open_debugger", plan, { first, text, sourceMap });
    if (opened === null) return;
    this.calls = opened.calls;
    for (const one of this.breakpoints) await this.#set(one);
    this.#told("breakpoints");
    this.isQuick = false;
    await this.#go({ do: "begin" });
  }

  /** Begins the next call. */
  async next() {
    await this.go({ do: "begin" });
  }

  /** When no command runs that is over at once. */
  async settled() {
    while (this.phase === "running" && this.isQuick) await this.#doing.catch(() => {});
  }

  /** Goes on as a command says, until there is a reason to stop. Raises an Error. @param {any} command */
  async go(command) {
    await this.settled();
    if (this.phase !== "stopped") return;
    this.isQuick = QUICK.has(command.do);
    this.#doing = this.#go(command);
    await this.#doing;
  }

  /** @param {any} command */
  async #go(command) {
    this.#enter("running");
    const state = await this.#asked("debug", command);
    if (state === null) return;
    this.state = state;
    this.#enter("stopped");
    this.#told("state");
  }

  /** What a command that only looks gives. @param {any} command @returns {Promise<any>} null if it was ended meanwhile */
  async look(command) {
    return this.#asked("debug", command);
  }

  /** @param {string} verb @param {...any} given @returns {Promise<any>} */
  async #asked(verb, ...given) {
    const { phase } = this;
    let answer;
    try {
      answer = await this.python.ask(verb, ...given);
    } catch (error) {
      if (this.phase === "off") return null;
      this.stop();
      throw error;
    }
    if (answer.error === undefined) return answer;
    if (phase === "starting") this.stop();
    else this.#enter("stopped");
    throw new Error(answer.error);
  }

  /** Stops what runs where it is. */
  pause() {
    this.python.send({ pause: true });
  }

  /** Ends it, whatever it is doing. */
  stop() {
    if (this.phase === "off") return;
    this.phase = "off";
    this.state = null;
    for (const one of this.breakpoints) one.number = null;
    this.python.stop();
    this.#told("phase");
    this.#told("state");
  }

  /** @param {Debugging["phase"]} phase */
  #enter(phase) {
    this.phase = phase;
    this.#told("phase");
  }

  /** @param {string} what */
  #told(what) {
    this.dispatchEvent(new Event(what));
  }

  // ---- breakpoints

  /** @param {Breakpoint} one */
  async #set(one) {
    one.error = "";
    try {
      one.made = await this.python.ask("debug", { do: "break", ...one.spec });
    } catch (error) {
      if (this.phase === "off") return;
      throw error;
    }
    one.error = one.made.error ?? "";
    one.number = one.error ? null : one.made.number;
  }

  /** Sets one; that it cannot be is in its `error`. While something runs none can be set. @param {Spec} given */
  async add(given) {
    const spec = given.kind === "line" ? { ...given, file: fileOf(given.file) } : given;
    if (this.phase === "running" || this.phase === "starting") throw new Error("Pause it first.");
    const one = { spec, number: null, made: null, error: "" };
    this.breakpoints.push(one);
    if (this.phase === "stopped") await this.#set(one);
    this.#told("breakpoints");
    return one;
  }

  /** @param {Breakpoint} one */
  async remove(one) {
    if (this.phase === "running" || this.phase === "starting") throw new Error("Pause it first.");
    this.breakpoints = this.breakpoints.filter((each) => each !== one);
    if (one.number !== null) await this.look({ do: "delete", number: one.number });
    this.#told("breakpoints");
  }

  /** Sets a breakpoint at an instruction, or takes it away. @param {number} index @param {number} instruction */
  async toggle(index, instruction) {
    const there = this.at(index, instruction);
    if (there) await this.remove(there);
    else await this.add({ kind: "instruction", function: index, instruction });
  }

  /** Sets a breakpoint at a line, or takes it away. @param {string} file @param {number} line */
  async toggleLine(file, line) {
    const there = this.atLine(file, line);
    if (there) await this.remove(there);
    else await this.add({ kind: "line", file, line });
  }

  /** The breakpoint at an instruction. @param {number} index @param {number} instruction */
  at(index, instruction) {
    return this.breakpoints.find(
      ({ spec, made }) =>
        spec.kind === "instruction"
        && (made?.function ?? spec.function) === index
        && [spec.instruction, made?.instruction].includes(instruction),
    );
  }

  /** The breakpoint at a line. @param {string} file @param {number} line */
  atLine(file, line) {
    return this.breakpoints.find(
      ({ spec }) => spec.kind === "line" && spec.file === fileOf(file) && spec.line === line,
    );
  }

  /** The breakpoint with a number. @param {number} number */
  numbered(number) {
    return this.breakpoints.find((one) => one.number === number);
  }
}
