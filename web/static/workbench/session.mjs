// The module that the view is about: where it came from, its bytes, its text if there is one, what was read in it.

import { count, readModule } from "./binary.mjs";
import { complain, say, shown } from "./dom.mjs";
import { Refused } from "./intake.mjs";

/** @typedef {import("./editor.mjs").Mistake} Mistake */
/** @typedef {{ bytes?: Uint8Array, error?: string, message?: string, line?: number, column?: number }} Assembled */

const PLURALS = { memory: "memories" };

/** @param {number} number @param {"memory"} noun */
const counted = (number, noun) => (number === 1 ? `1 ${noun}` : `${number.toLocaleString("en")} ${PLURALS[noun]}`);

/**
 * Tells its listeners what happens: "module" when there are other bytes, "text" when another text was given, "mistakes"
 * when a text was assembled, or could not be.
 */
export class Session extends EventTarget {
  name = "";
  /** @type {Uint8Array | null} */ bytes = null;
  /** @type {import("./binary.mjs").Contents | null} */ contents = null;
  /** The text that was given or printed. @type {string | null} */ text = null;
  /** @type {Mistake[]} */ mistakes = [];
  /** The bytes are those of the text, which has no mistake. */ assembled = false;
  /** The call that an example comes with. @type {{ export: string, arguments: string[] } | null} */ call = null;
  #turn = 0;

  /** @param {import("./python.mjs").Python} python */
  constructor(python) {
    super();
    this.python = python;
  }

  /** Opens what was given. @param {import("./intake.mjs").Given} given @param {Session["call"]} [call] */
  async open({ name, bytes, text }, call = null) {
    const mine = ++this.#turn;
    if (text === null) {
      this.#take(name, /** @type {Uint8Array} */ (bytes), null, call);
      return;
    }
    if (bytes) {
      this.#take(name, bytes, text, call);
      return;
    }
    this.name = name;
    this.text = text;
    this.dispatchEvent(new Event("text"));
    say(`${shown(name)} is a text: assembling it …`);
    const answer = await this.#assemble(text, mine);
    if (answer === null) return;
    if (answer.bytes) {
      const { mistakes, assembled } = this;
      this.#take(name, answer.bytes, text, call);
      Object.assign(this, { mistakes, assembled });
      this.dispatchEvent(new Event("mistakes"));
    }
    if (answer.error) throw new Refused(`${shown(name)}: ${answer.error}`);
  }

  /** The text was edited. */
  async edit(/** @type {string} */ text) {
    const mine = ++this.#turn;
    this.text = text;
    const answer = await this.#assemble(text, mine);
    if (!answer?.bytes) return;
    this.#use(answer.bytes);
    this.dispatchEvent(new Event("mistakes"));
  }

  /** The text of a binary module, printed on demand. Raises `Refused`. */
  async print() {
    const mine = this.#turn;
    const answer = await this.python.ask("print_text", this.bytes);
    if (mine !== this.#turn) return;
    if (answer.error) throw new Refused(`The text cannot be printed: ${answer.error}`);
    this.text = answer.text;
    this.mistakes = [];
    this.assembled = false;
    this.dispatchEvent(new Event("text"));
  }

  /** @param {string} text @param {number} mine @returns {Promise<Assembled | null>} */
  async #assemble(text, mine) {
    const answer = await this.python.ask("assemble", text);
    if (mine !== this.#turn) return null;
    this.mistakes = answer.error ? [answer] : [];
    this.assembled = !answer.error;
    if (!answer.bytes) this.dispatchEvent(new Event("mistakes"));
    return answer;
  }

  /** @param {string} name @param {Uint8Array} bytes @param {string | null} text @param {Session["call"]} call */
  #take(name, bytes, text, call) {
    this.name = name;
    this.text = text;
    this.call = call;
    this.mistakes = [];
    this.assembled = false;
    this.#use(bytes);
    this.dispatchEvent(new Event("text"));
    const { sections, functions, memories, problem } = /** @type {import("./binary.mjs").Contents} */ (this.contents);
    say(
      `${shown(name)}: ${count(bytes.length, "byte")}, ${count(sections.length, "section")}, `
        + `${count(functions.length, "function")}, ${counted(memories.length, "memory")}.`,
    );
    if (problem) complain(`${shown(name)} is no whole module: ${problem}. What comes before that place is shown.`);
  }

  /** @param {Uint8Array} bytes */
  #use(bytes) {
    this.bytes = bytes;
    this.contents = readModule(bytes);
    this.dispatchEvent(new Event("module"));
  }
}
