// The parts of the view as tabs: one is shown, arrows go from one to the next.

import { $ } from "./dom.mjs";

/** @type {any[]} */
const tabs = [...document.querySelectorAll("[role=tab]")];

/** Shows a part. @param {string} name @param {{ focus?: boolean }} [options] whether its tab gets the focus too */
export function showTab(name, { focus = false } = {}) {
  for (const tab of tabs) {
    const chosen = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    $(`#${tab.getAttribute("aria-controls")}`).hidden = !chosen;
    if (chosen && focus) tab.focus();
  }
  document.dispatchEvent(new CustomEvent("tab", { detail: name }));
}

/** Whether a part is shown. @param {string} name */
export const isShown = (name) => !$("#work").hidden && !$(`#panel-${name}`).hidden;

const nameOf = (/** @type {HTMLElement} */ tab) => tab.id.slice("tab-".length);

for (const [index, tab] of tabs.entries()) {
  tab.addEventListener("click", () => showTab(nameOf(tab)));
  tab.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    /** @type {Record<string, number>} */
    const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 };
    if (!(event.key in to)) return;
    event.preventDefault();
    showTab(nameOf(tabs[(to[event.key] + tabs.length) % tabs.length]), { focus: true });
  });
}
