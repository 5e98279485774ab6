// The table of cases: which rows and columns are seen, and which cases are opened.

import { keepState, readState } from "./state.mjs";

/** The engines, in the order of their columns. */
export const ENGINES = ["native", "pyjsapi", "host", "lowered"];
const COLUMNS = [...ENGINES, "outcome", "times"];

/** @type {(selector: string, within?: ParentNode) => any} what is there is of the kind that the page's template says */
const $ = (selector, within = document) => within.querySelector(selector);
/** @type {(within: ParentNode) => NodeListOf<HTMLTableRowElement>} */
const rowsIn = (within) => within.querySelectorAll("tr.case");
const idOf = (/** @type {HTMLTableRowElement} */ row) => row.id.slice("case-".length);

/** @type {(name: string) => HTMLInputElement[]} */
const inputsNamed = (name) => [...document.querySelectorAll(/** @type {"input"} */ (`input[name=${name}]`))];

/** The table with what is chosen for it; `detailOf` makes what an opened case shows. */
export class CaseTable {
  /**
   * @param {Set<string>} ids of the cases that there are
   * @param {(id: string) => HTMLElement} detailOf
   */
  constructor(ids, detailOf) {
    this.ids = ids;
    this.detailOf = detailOf;
    this.state = readState(location.search);
    this.state.open = this.state.open.filter((id) => ids.has(id));
    this.state.hidden = this.state.hidden.filter((name) => COLUMNS.includes(name));
    this.pending = 0;
  }

  /** Shows what the address says, and follows what is chosen from now on. */
  start() {
    const { state } = this;
    $("#search").value = state.words;
    const statuses = inputsNamed("status");
    const chosen = statuses.find((input) => input.value === state.status) ?? statuses[0];
    chosen.checked = true;
    state.status = chosen.value;
    for (const input of inputsNamed("column")) input.checked = !state.hidden.includes(input.value);
    this.#showColumns();
    this.showRows();
    this.#listen();
    for (const id of state.open) this.#open(id);
    if (state.open.length) $(`#case-${state.open[0]}`).scrollIntoView({ block: "center" });
  }

  #listen() {
    const { state } = this;
    for (const row of rowsIn(document)) $("button", row).addEventListener("click", () => this.#toggle(idOf(row)));
    $("#filter").addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
    $("#search").addEventListener("input", () => {
      state.words = $("#search").value;
      this.showRows();
      keepState(state, { typing: true });
    });
    for (const input of inputsNamed("status")) {
      input.addEventListener("change", () => {
        state.status = input.value;
        this.#changed();
      });
    }
    for (const input of inputsNamed("column")) {
      input.addEventListener("change", () => {
        state.hidden = inputsNamed("column").flatMap(({ checked, value }) => (checked ? [] : [value]));
        this.#showColumns();
        keepState(state);
      });
    }
    $("#show-all").addEventListener("click", () => {
      Object.assign(state, { words: "", status: "all" });
      $("#search").value = "";
      inputsNamed("status")[0].checked = true;
      this.#changed();
      $("#search").focus();
    });
  }

  #changed() {
    this.showRows();
    keepState(this.state);
  }

  /** Cases that match, each with what is opened below it. */
  showRows() {
    const words = this.state.words.toLowerCase().split(/\s+/).filter(Boolean);
    const { status } = this.state;
    let found = 0;
    for (const group of document.querySelectorAll("tbody")) {
      let visible = 0;
      for (const row of rowsIn(group)) {
        const show =
          this.ids.has(idOf(row))
          && (status === "all" || row.dataset.status === status)
          && words.every((word) => row.dataset.search?.includes(word));
        row.hidden = !show;
        const detail = this.#detailBelow(row);
        if (detail) detail.hidden = !show;
        if (show) visible += 1;
      }
      group.hidden = visible === 0 && group.querySelector("tr.case") !== null;
      found += visible;
    }
    this.#tell(found);
  }

  /** How many there are; where there are none, the way back. */
  #tell(/** @type {number} */ found) {
    const words = this.state.words.trim();
    const asked = [
      ...(words ? [`words “${words}”`] : []),
      ...(this.state.status === "all" ? [] : [`outcome “${this.state.status}”`]),
    ];
    $("#hits").textContent = !asked.length
      ? ""
      : found
        ? `${found} of ${this.ids.size} cases`
        : `No case matches: ${asked.join(", ")}.`;
    $("#show-all").hidden = found > 0;
    $(".table-frame").hidden = found === 0;
  }

  /** The outcome of a case has changed: the filter is asked again, once for all changes before the next picture. */
  update(/** @type {string} */ id) {
    if (this.state.open.includes(id)) this.#fill(id);
    if (this.state.status === "all" || this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.showRows();
    });
  }

  #showColumns() {
    const { hidden } = this.state;
    const table = $("table.cases");
    table.dataset.hidden = hidden.join(" ");
    const engines = ENGINES.filter((name) => !hidden.includes(name)).length;
    const count = 1 + engines + (hidden.includes("outcome") ? 0 : 1) + (hidden.includes("times") ? 0 : engines);
    for (const cell of table.querySelectorAll("tr.group > th, tr.detail > td")) cell.colSpan = count;
    this.columnCount = count;
  }

  /** @returns {HTMLTableRowElement | null} */
  #detailBelow(/** @type {HTMLTableRowElement} */ row) {
    const next = /** @type {HTMLTableRowElement | null} */ (row.nextElementSibling);
    return next?.classList.contains("detail") ? next : null;
  }

  #toggle(/** @type {string} */ id) {
    const { state } = this;
    if (state.open.includes(id)) {
      state.open = state.open.filter((other) => other !== id);
      const row = $(`#case-${id}`);
      row.classList.remove("open");
      $("button", row).setAttribute("aria-expanded", "false");
      this.#detailBelow(row)?.remove();
    } else {
      state.open.push(id);
      this.#open(id);
    }
    keepState(state);
  }

  #open(/** @type {string} */ id) {
    const row = $(`#case-${id}`);
    row.classList.add("open");
    $("button", row).setAttribute("aria-expanded", "true");
    const detail = document.createElement("tr");
    detail.className = "detail";
    detail.setAttribute("role", "row");
    detail.hidden = row.hidden;
    const cell = detail.insertCell();
    cell.setAttribute("role", "cell");
    cell.colSpan = this.columnCount ?? 1;
    row.after(detail);
    this.#fill(id);
  }

  #fill(/** @type {string} */ id) {
    const row = this.#detailBelow($(`#case-${id}`));
    row?.cells[0].replaceChildren(this.detailOf(id));
  }
}
