// The view "Debug": the calls of the view "Run" on the Python engine, one instruction after the other, there and back.

import { BreakpointList } from "./debugger_breakpoints.mjs";
import { CodePane, SourcePane } from "./debugger_code.mjs";
import { MemoryWindows } from "./debugger_memory.mjs";
import { placeOf, reasonOf } from "./debugger_words.mjs";
import { make, shown } from "./dom.mjs";
import { spelling } from "./judging.mjs";

/** @typedef {import("./debugging.mjs").Frame} Frame */
/** @typedef {import("./debugging.mjs").Typed} Typed */

/** What can be done where it has stopped: names, keys, and what the debugger is told. */
const ACTIONS = [
  { name: "Continue", keys: ["F8", "c"], command: { do: "continue" }, forward: true },
  { name: "Step in", keys: ["F11", "s"], command: { do: "step" }, forward: true },
  { name: "Step over", keys: ["F10", "n"], command: { do: "over" }, forward: true },
  { name: "Step out", keys: ["Shift+F11", "r"], command: { do: "out" }, forward: true },
  { name: "Step back", keys: ["Shift+F10", "z"], command: { do: "back" }, forward: false },
  { name: "Back to breakpoint", keys: ["Shift+F8", "v"], command: { do: "reverse" }, forward: false },
  { name: "Back to the start", keys: ["a"], command: { do: "restart" }, forward: false },
];
const PAUSE_KEYS = ["p"];
const STOP_KEYS = ["x"];
const STUBS =
  "Imports are stubs of their types here, also if the view “Run” has other ones: calls can come out differently.";
const MOST_LOGGED = 20;

export class DebugView {
  /** The call that is looked at; the innermost is 0. */
  #frame = 0;
  /** Counts what is shown, so that answers for an earlier place are dropped. */
  #turn = 0;

  /**
   * @param {HTMLElement} host
   * @param {import("./debugging.mjs").Debugging} debugging
   * @param {(index: number, offset: number | null) => void} openFunction
   */
  constructor(host, debugging, openFunction) {
    this.debugging = debugging;
    this.openFunction = openFunction;
    const act = (/** @type {() => any} */ what) => () => void this.#try(what);
    const button = (/** @type {string} */ text, /** @type {string[]} */ keys, /** @type {() => any} */ what) =>
      make(
        "button",
        {
          type: "button",
          onclick: act(what),
          "aria-keyshortcuts": keys.join(" ") || null,
          title: keys.join(", ") || null,
        },
        text,
      );
    this.begin = button("Debug", [], () => this.#start());
    this.first = make("select", { id: "debug-first" });
    this.pause = button("Pause", PAUSE_KEYS, () => debugging.pause());
    this.end = button("Stop", STOP_KEYS, () => this.#stop());
    this.next = button("Next call", [], () => debugging.next());
    this.actions = ACTIONS.map((one) => ({
      ...one,
      button: button(one.name, one.keys, () => this.#go(one)),
    }));
    this.where = make("p", { class: "where", role: "status" });
    this.progress = make("p", { class: "state progress" });
    this.stubs = make("p", { class: "state stubs", hidden: true }, STUBS);
    this.problem = make("p", { class: "state wrong", role: "alert" });
    this.stack = make("ol", { class: "stack", "aria-label": "Calls, innermost first" });
    this.values = make("div", {
      class: "scroll",
      tabindex: "0",
      role: "region",
      "aria-label": "Locals, operands and globals",
    });
    this.log = make("ol", { class: "log", "aria-label": "Calls of imports" });
    this.code = new CodePane(debugging, (what) => this.#try(what));
    this.source = new SourcePane(debugging, (what) => this.#try(what));
    this.breakpoints = new BreakpointList(debugging, (what) => this.#try(what));
    this.memory = new MemoryWindows(debugging);
    host.classList.add("debugger");
    host.replaceChildren(
      make(
        "div",
        { class: "buttons toolbar" },
        this.begin,
        make("label", { for: "debug-first", class: "or" }, "from"),
        this.first,
        this.pause,
        this.end,
        this.next,
      ),
      make(
        "div",
        { class: "buttons toolbar", role: "toolbar", "aria-label": "Steps" },
        ...this.actions.map((one) => one.button),
      ),
      this.stubs,
      this.problem,
      this.where,
      this.progress,
      make(
        "div",
        { class: "debug-columns" },
        make("div", { class: "debug-side" }, this.code.element, this.source.element),
        make(
          "div",
          { class: "debug-side" },
          card("Calls", this.stack),
          card("Values", this.values),
          this.breakpoints.element,
        ),
      ),
      card("Calls of imports", this.log),
      this.memory.element,
      keysText(),
    );
    host.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    debugging.addEventListener("phase", () => this.#phase());
    debugging.addEventListener("state", () => void this.#try(() => this.#show(0)));
    debugging.session.addEventListener("module", () => this.#choices());
    document.addEventListener("tab", () => this.#choices());
    this.#phase();
  }

  /** What the worker says that it is doing. @param {string} stage */
  tell(stage) {
    this.progress.textContent = stage;
  }

  /** The calls that the view "Run" has now. */
  #choices() {
    const { asked } = this.debugging.run;
    const starts = this.debugging.session.contents?.sections.some(({ id }) => id === 8) ?? false;
    const calls = asked.map((one) => `${shown(one.export)}(${one.arguments.map(shown).join(", ")})`);
    const names = [...(starts ? ["the start function"] : []), ...calls];
    const chosen = this.first.value;
    this.first.replaceChildren(...names.map((name, k) => make("option", { value: k }, name)));
    this.first.value = Number(chosen) < names.length && chosen !== "" ? chosen : names.length ? "0" : "";
    this.begin.disabled = names.length === 0;
    this.stubs.hidden = !this.debugging.session.contents?.imports.length;
    if (names.length === 0) this.where.textContent = "Nothing can be called: no function is exported.";
    else if (this.debugging.phase === "off") this.where.textContent = "";
  }

  async #start() {
    await this.debugging.start(Number(this.first.value));
    this.code.focus();
  }

  /** @param {{ name: string, command: any }} action */
  async #go({ name, command }) {
    const { button } = /** @type {any} */ (this.actions.find((one) => one.name === name));
    // Whether it can go on is known where the command before has led.
    await this.debugging.settled();
    if (button.getAttribute("aria-disabled") !== "true") await this.debugging.go(command);
  }

  #stop() {
    this.debugging.stop();
    this.begin.focus();
  }

  /** @param {() => any} act */
  async #try(act) {
    this.problem.textContent = "";
    try {
      await act();
    } catch (error) {
      this.problem.textContent = error.message;
    }
  }

  #phase() {
    const { phase, state } = this.debugging;
    const stopped = phase === "stopped";
    const goesOn = stopped && state !== null && state.frames.length > 0;
    const waits = phase === "running" && this.debugging.isQuick;
    // Not `disabled`: the one that was pressed keeps the focus.
    if (!waits)
      for (const { button, forward } of this.actions)
        button.setAttribute("aria-disabled", String(forward ? !goesOn : !stopped));
    this.pause.disabled = phase !== "running";
    this.end.disabled = phase === "off";
    this.begin.textContent = phase === "off" ? "Debug" : "Debug anew";
    this.next.disabled = !(stopped && state !== null && !state.frames.length && state.left > 0);
    if (!waits && (phase === "running" || phase === "starting"))
      this.where.textContent = phase === "running" ? "Running …" : "Starting …";
    if (stopped) this.#say();
  }

  /** Says where it has stopped, and why. */
  #say() {
    const { state } = this.debugging;
    if (!state) return;
    const [frame] = state.frames;
    const count = `${state.count.toLocaleString("en")} instruction${state.count === 1 ? "" : "s"} executed`;
    this.where.textContent = `${reasonOf(state, this.debugging)} ${frame ? `${placeOf(frame)}; ${count}.` : `${count}.`}`;
    this.progress.textContent = "";
  }

  /** @param {number} number the call to look at */
  async #show(number) {
    const turn = ++this.#turn;
    const { state } = this.debugging;
    this.#frame = number;
    this.#phase();
    if (state === null) this.where.textContent = "";
    this.#showStack();
    this.#showLog();
    if (state === null) {
      this.values.replaceChildren();
      this.code.clear();
      this.source.clear();
      await this.memory.show(null, []);
      return;
    }
    const frame =
      number === 0 || !state.frames.length
        ? (state.frames[0] ?? null)
        : (await this.debugging.look({ do: "frame", number }))?.frame;
    if (turn !== this.#turn) return;
    const globals = (await this.debugging.look({ do: "globals", instance: frame?.instance ?? 0 }))?.globals ?? [];
    if (turn !== this.#turn) return;
    this.#showValues(frame, globals);
    await this.code.show(frame);
    if (turn !== this.#turn) return;
    await this.source.show(frame, number);
    if (turn !== this.#turn) return;
    await this.memory.show(state, frame?.accesses ?? []);
  }

  #showStack() {
    const { state } = this.debugging;
    const frames = state?.frames ?? [];
    const items = frames.map((frame, number) =>
      make(
        "li",
        {},
        make(
          "button",
          {
            type: "button",
            class: "link",
            "aria-current": number === this.#frame ? "true" : null,
            onclick: () => void this.#try(() => this.#show(number)),
          },
          titleOf(frame),
        ),
      ),
    );
    if (state && state.depth > frames.length) items.push(make("li", {}, `and ${state.depth - frames.length} more`));
    // What a failure has passed: the calls are over, where they were is known.
    if (state && !frames.length)
      items.push(
        ...state.passed.map((one) =>
          make(
            "li",
            {},
            make(
              "button",
              { type: "button", class: "link", onclick: () => this.openFunction(one.function, one.offset) },
              `${shown(one.name ?? `function ${one.function}`)} at 0x${(one.offset ?? 0).toString(16)}${one.line ? `, line ${one.line}` : ""}`,
            ),
          ),
        ),
      );
    this.stack.replaceChildren(...items);
  }

  #showLog() {
    const { state } = this.debugging;
    const log = state?.log.slice(-MOST_LOGGED) ?? [];
    const first = (state?.logged ?? 0) - log.length;
    const items = log.map((one, k) => make("li", { value: first + k + 1 }, shown(spelling(one))));
    this.log.replaceChildren(...items);
    this.log.parentElement.hidden = items.length === 0;
  }

  /** @param {Frame | null} frame @param {any[]} globals */
  #showValues(frame, globals) {
    const locals = frame?.locals ?? frame?.arguments ?? [];
    const operands = frame?.operands ?? [];
    this.values.replaceChildren(
      table(
        "Locals",
        locals.map((one, k) => [one.name ? `$${one.name}` : `l${one.index ?? k}`, one]),
      ),
      table("Operands, topmost first", operands.map((one, k) => [`s${k}`, one]).reverse()),
      table(
        "Globals",
        globals.map((one) => [one.name ? `$${one.name}` : `g${one.index}`, one]),
      ),
    );
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const typed = event.key.startsWith("F") && event.key.length > 1;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (!typed && (event.shiftKey || target.closest("input, select, textarea"))) return;
    const key = `${event.shiftKey ? "Shift+" : ""}${event.key}`;
    const found =
      this.actions.find(({ keys }) => keys.includes(key))?.button
      ?? (PAUSE_KEYS.includes(key) ? this.pause : STOP_KEYS.includes(key) ? this.end : null);
    if (!found) return;
    event.preventDefault();
    found.click();
  }
}

/** @param {Frame} frame */
function titleOf(frame) {
  if (frame.kind === "host") return `${shown(frame.name ?? "")}, an import`;
  return placeOf(frame);
}

/** @param {string} title @param {any} content */
const card = (title, content) => make("section", { class: "card" }, make("h3", {}, title), content);

/** @param {string} caption @param {any[][]} rows names and typed values */
function table(caption, rows) {
  const lines = rows.map(([name, { type, value, mutable }]) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, shown(name)),
      make("td", {}, mutable ? `mut ${type}` : type),
      make("td", {}, make("code", {}, shown(value))),
    ),
  );
  if (!lines.length) lines.push(make("tr", {}, make("td", { class: "zero" }, "none")));
  return make("table", { class: "values" }, make("caption", {}, caption), make("tbody", {}, ...lines));
}

function keysText() {
  const text = ACTIONS.map(({ name, keys }) => `${name}: ${keys.join(" or ")}`).join("; ");
  return make(
    "p",
    { class: "state" },
    `Keys in this view: ${text}; Pause: p; Stop: x. Enter at an instruction or a line sets a breakpoint, or takes it away. The calls are those of the view “Run”.`,
  );
}
