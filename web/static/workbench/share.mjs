// The view "Share": a link that repeats what is here, and a text that tells of a difference.

import { make } from "./dom.mjs";
import { rowOf } from "./engine_table.mjs";
import { speltFrame } from "./frames.mjs";
import { summary } from "./judging.mjs";
import { fragmentOf } from "./link.mjs";

/** Characters of a link that nearly all programs carry. */
const SAFE_LENGTH = 8000;
/** Bytes of a module that a report has in it. */
const MOST_REPORTED = 48 * 1024;

export class ShareView {
  /** @param {HTMLElement} host @param {import("./session.mjs").Session} session @param {import("./run.mjs").RunView} run */
  constructor(host, session, run) {
    this.session = session;
    this.run = run;
    this.state = make("p", { class: "state", role: "status" });
    this.link = make("textarea", { readonly: true, rows: 4, id: "share-link" });
    this.report = make("textarea", { readonly: true, rows: 14, id: "share-report" });
    const button = (/** @type {string} */ text, /** @type {() => any} */ act) =>
      make("button", { type: "button", onclick: () => this.#try(act) }, text);
    host.replaceChildren(
      make(
        "p",
        {},
        "The module and what is asked of it are in the link itself, behind its #: no server gets them. Who opens it has both, and runs it with a click.",
      ),
      make(
        "div",
        { class: "buttons toolbar" },
        button("Make a link", () => this.#makeLink()),
        button("Copy the link", () => this.#copy(this.link)),
        button("Write a report", () => this.#makeReport()),
        button("Copy the report", () => this.#copy(this.report)),
      ),
      this.state,
      make("label", { for: "share-link" }, "Link"),
      this.link,
      make("label", { for: "share-report" }, "Report of the last run: module, calls, results, versions"),
      this.report,
    );
  }

  async #makeLink() {
    const { name, bytes, text } = this.session;
    const fragment = await fragmentOf({ name, bytes, text, ...this.run.request });
    const url = new URL(location.href);
    url.hash = fragment;
    this.link.value = url.href;
    history.replaceState(null, "", url);
    const { length } = url.href;
    this.state.textContent = `The link has ${length.toLocaleString("en")} characters${length > SAFE_LENGTH ? "; some programs cut links of this length" : ""}. It is in the address bar, too.`;
  }

  async #makeReport() {
    const { name, bytes, text, mistakes, python } = this.session;
    if (!bytes) throw new Error("There is no module.");
    if (!this.run.isCurrent) throw new Error("The module is another than the one that was run: run it, then report.");
    this.state.textContent = "Asking for the versions …";
    const versions = await python.ask("versions");
    this.report.value = [
      `Module: ${name}, ${bytes.length} bytes`,
      `Versions: pyjsapi ${versions.pyjsapi}, Python ${versions.python}, ${navigator.userAgent}`,
      `Isolated across origins: ${globalThis.crossOriginIsolated ? "yes" : "no"}`,
      "",
      ...this.#results(),
      "",
      ...(text === null || mistakes.length ? ["Module in base64:", base64Of(bytes)] : ["Text:", text]),
    ].join("\n");
    this.state.textContent = "The report is below.";
  }

  #results() {
    const { chosen = [], titles = [], differences = [], shift = 0 } = this.run;
    if (chosen.length === 0) return ["Nothing was run."];
    const lines = differences.length ? differences.map((text) => `Different: ${text}`) : ["No difference was found."];
    for (const [k, step] of titles.entries()) {
      lines.push("", `${k}. ${step}`);
      for (const { name, outcome } of chosen) {
        const done = outcome.steps[k];
        const title = rowOf(name).title;
        const what = done
          ? `${k === 0 && !done.error ? "made" : summary(done)}${done.error ? `: ${done.error.message}` : ""}`
          : outcome.broken || "not run";
        lines.push(`   ${title}: ${what}${done?.logged ? ` (imports called ${done.logged} times)` : ""}`);
        if (done?.error && rowOf(name).original)
          lines.push(...done.error.frames.map((frame) => `      ${speltFrame(frame, frame.name, shift)}`));
      }
    }
    return lines;
  }

  /** @param {any} field */
  async #copy(field) {
    if (!field.value) throw new Error("There is nothing to copy yet.");
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      this.state.textContent = "Copied.";
    } catch {
      this.state.textContent = "It is selected: copy it with the keyboard.";
      field.focus();
    }
  }

  /** @param {() => any} act */
  async #try(act) {
    try {
      await act();
    } catch (error) {
      this.state.textContent = error.message;
    }
  }
}

/** @param {Uint8Array} bytes */
function base64Of(bytes) {
  if (bytes.length > MOST_REPORTED) return "(too large for a report: attach the file)";
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
