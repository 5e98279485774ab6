// The view "Text": the text of the module, edited and assembled while one types.

import { count } from "./binary.mjs";
import { complain, make, save } from "./dom.mjs";
import { isShown } from "./tabs.mjs";

/** Milliseconds without a key before the text is assembled. */
const QUIET_MS = 350;
/** Binary modules that are larger are printed when somebody wants it. */
const PRINTED_AT_ONCE = 200_000;

export class TextView {
  /** @type {import("./editor.mjs").Editor | null} */
  #editor = null;
  /** The text in the editor is that of the session. */
  #current = false;
  /** @type {any} */ #timer = 0;
  /** @type {any} */ #cursorTimer = 0;

  /**
   * @param {HTMLElement} host
   * @param {import("./session.mjs").Session} session
   * @param {any[]} instructions
   * @param {import("./debugging.mjs").Debugging} debugging
   */
  constructor(host, session, instructions, debugging) {
    this.session = session;
    this.debugging = debugging;
    this.instructions = instructions;
    const button = (/** @type {string} */ text, /** @type {() => any} */ act) =>
      make("button", { type: "button", onclick: () => this.#try(act) }, text);
    this.state = make("p", { class: "state", role: "status" });
    this.cursor = make("span", { class: "cursor" });
    this.frame = make("div", { class: "editor" });
    this.printing = make("p", { hidden: true }, "The module is large; its text may take a while. ");
    this.printing.append(button("Print the text", () => this.#print()));
    host.replaceChildren(
      make(
        "div",
        { class: "buttons toolbar" },
        button("Format", () => this.#format()),
        button("Save .wat", () => save(this.#named(".wat"), session.text ?? "", "text/plain")),
        button(
          "Save .wasm",
          () => session.bytes && save(this.#named(".wasm"), this.#buffer(session.bytes), "application/wasm"),
        ),
        button("Save lowered .wasm", () => this.#saveLowered()),
        this.cursor,
      ),
      this.state,
      this.printing,
      this.frame,
    );
    session.addEventListener("text", () => {
      this.#current = false;
      this.state.textContent = "";
      void this.#try(() => this.update());
    });
    session.addEventListener("mistakes", () => this.#mark());
    document.addEventListener("tab", () => void this.#try(() => this.update()));
  }

  /** Shows the session's text, if this view is in sight. */
  async update() {
    if (!isShown("text") || this.#current) return;
    this.#current = true;
    const { session } = this;
    this.printing.hidden = true;
    if (session.text === null && session.bytes) {
      this.frame.hidden = true;
      if (session.bytes.length > PRINTED_AT_ONCE) this.printing.hidden = false;
      else await this.#print();
      return;
    }
    const editor = await this.#made();
    this.frame.hidden = false;
    editor.show(session.text ?? "");
    this.#mark();
  }

  async #print() {
    this.state.textContent = "Printing the text …";
    try {
      await this.session.print();
    } catch (error) {
      this.state.textContent = "";
      throw error;
    }
  }

  async #made() {
    if (this.#editor) return this.#editor;
    const [{ watEditor }, { lineBreakpoints }] = await Promise.all([
      import("./editor.mjs"),
      import("./editor_breakpoints.mjs"),
    ]);
    this.#editor ??= watEditor(this.frame, {
      instructions: this.instructions,
      extensions: lineBreakpoints(this.debugging, (error) => complain(error.message)),
      changed: () => {
        clearTimeout(this.#timer);
        this.state.textContent = "…";
        this.#timer = setTimeout(
          () => void this.#try(() => this.session.edit(/** @type {any} */ (this.#editor).text)),
          QUIET_MS,
        );
      },
      moved: (line, column) => {
        clearTimeout(this.#cursorTimer);
        this.cursor.textContent = `${line}:${column}`;
        this.#cursorTimer = setTimeout(() => void this.#place(line, column), QUIET_MS);
      },
    });
    return this.#editor;
  }

  /** Where the cursor is in the binary. @param {number} line @param {number} column */
  async #place(line, column) {
    if (this.session.mistakes.length || !this.#editor || !this.session.python.running) return;
    const { offset } = await this.session.python.ask("place", this.#editor.text, line, column).catch(() => ({}));
    if (this.cursor.textContent !== `${line}:${column}` || offset === undefined) return;
    this.cursor.textContent = `${line}:${column}, in the binary at 0x${offset.toString(16)}`;
  }

  #mark() {
    const { mistakes, assembled, bytes } = this.session;
    if (this.#current) this.#editor?.mark(mistakes);
    const [first] = mistakes;
    if (first) this.state.textContent = `Line ${first.line}, column ${first.column}: ${first.message}`;
    else if (assembled && bytes) this.state.textContent = `Assembled, and valid: ${count(bytes.length, "byte")}`;
    this.state.classList.toggle("wrong", Boolean(first));
  }

  async #format() {
    if (this.session.mistakes.length) throw new Error("a text with a mistake cannot be formatted");
    await this.session.print();
    this.state.textContent = "Printed from the binary: comments are gone";
  }

  async #saveLowered() {
    const answer = await this.session.python.ask("lower", this.session.bytes);
    if (answer.error) throw new Error(`it cannot be lowered: ${answer.error}`);
    save(this.#named(".lowered.wasm"), this.#buffer(answer.bytes), "application/wasm");
  }

  /** @param {Uint8Array} bytes */
  #buffer(bytes) {
    return /** @type {Uint8Array<ArrayBuffer>} */ (bytes);
  }

  /** @param {string} ending */
  #named(ending) {
    return this.session.name.replace(/\.(?:wasm|wat|wast|txt)$/, "").replace(/[^\w.-]+/g, "-") + ending;
  }

  /** @param {() => any} act */
  async #try(act) {
    try {
      await act();
    } catch (error) {
      complain(error.message);
    }
  }
}
