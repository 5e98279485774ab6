// The calls to make, one after the other: an export each, and an argument for each of its parameters.

import { make, shown } from "./dom.mjs";
import { typedValue } from "./values.mjs";

/** @typedef {{ export: string, arguments: string[] }} Asked */
/** @typedef {{ name: string, params: string[], results: string[] }} Callable */

let fields = 0;

export class CallsForm {
  /** @type {Callable[]} */ #callables = [];
  /** @type {{ element: any, asked: () => Asked, call: () => import("./plan.mjs").Call }[]} */ #calls = [];
  #module = "";

  constructor() {
    this.list = make("ol", { class: "calls" });
    this.add = make("button", { type: "button", onclick: () => this.#add().focus() }, "Add a call");
    this.element = make("div", {}, this.list, make("div", { class: "buttons" }, this.add));
  }

  /** What is asked for now. @returns {Asked[]} */
  get asked() {
    return this.#calls.map((call) => call.asked());
  }

  get callables() {
    return this.#callables;
  }

  /** Whether there is nothing that could be called. */
  get none() {
    return this.#callables.length === 0;
  }

  /** The calls with their values. Raises an Error that says what is wrong with one, and brings its field into focus. */
  get calls() {
    return this.#calls.map((row) => row.call());
  }

  /** Puts calls in the place of those that are there. @param {Asked[]} asked */
  ask(asked) {
    for (const { element } of this.#calls) element.remove();
    this.#calls = [];
    for (const one of asked) this.#add(one);
  }

  /** Offers the exports of another module; what still fits it stays. @param {import("./binary.mjs").Contents} contents */
  reset(contents) {
    this.#callables = contents.exports
      .filter(({ kind }) => kind === "func")
      .map(({ name, index }) => ({
        name,
        params: contents.functionType(index)?.params ?? [],
        results: contents.functionType(index)?.results ?? [],
      }));
    const known = new Map(this.#callables.map((one) => [one.name, one.params.join()]));
    const kept = this.#module === signatureOf(this.#callables) ? this.asked.filter((one) => known.has(one.export)) : [];
    this.#module = signatureOf(this.#callables);
    this.ask(kept.length || this.none ? kept : [{ export: this.#callables[0].name, arguments: [] }]);
  }

  /** A row for a call. @param {Asked} [asked] @returns {any} its choice of an export */
  #add(asked) {
    const id = `call-${fields++}`;
    const inputs = make("span", { class: "arguments" });
    const choice = make("select", { id, "aria-label": "Export" });
    for (const [k, { name }] of this.#callables.entries()) choice.append(make("option", { value: k }, shown(name)));
    const chosen = () => this.#callables[Number(choice.value)];
    const parameters = (/** @type {string[]} */ given) =>
      inputs.replaceChildren(...chosen().params.map((type, k) => argumentField(type, given[k])));
    const values = () => [...inputs.querySelectorAll("input")];
    const remove = make("button", { type: "button", class: "link", "aria-label": "Remove this call" }, "remove");
    const element = make("li", {}, choice, inputs, remove);
    const row = {
      element,
      asked: () => ({ export: chosen().name, arguments: values().map(({ value }) => value) }),
      call: () => ({
        export: chosen().name,
        params: chosen().params,
        results: chosen().results,
        arguments: values().map((input) => argumentOf(input)),
      }),
    };
    remove.addEventListener("click", () => {
      element.remove();
      this.#calls.splice(this.#calls.indexOf(row), 1);
      this.add.focus();
    });
    choice.addEventListener("change", () => parameters([]));
    const index = this.#callables.findIndex(({ name }) => name === asked?.export);
    choice.value = String(Math.max(0, index));
    parameters(index >= 0 && asked ? asked.arguments : []);
    this.#calls.push(row);
    this.list.append(element);
    return choice;
  }
}

/** @param {Callable[]} callables */
const signatureOf = (callables) => JSON.stringify(callables);

/** @param {string} type @param {string} [value] */
const argumentField = (type, value = /^[if](32|64)$/.test(type) ? "0" : "null") =>
  make(
    "label",
    {},
    `${type} `,
    make("input", { type: "text", "data-type": type, value, size: 10, autocomplete: "off", spellcheck: "false" }),
  );

/** @param {HTMLInputElement} input */
function argumentOf(input) {
  try {
    const value = typedValue(input.dataset.type ?? "", input.value);
    input.removeAttribute("aria-invalid");
    return value;
  } catch (error) {
    input.setAttribute("aria-invalid", "true");
    input.focus();
    throw error;
  }
}
