// Where somebody has been in the memories of a pane, to go back and forward.

/**
 * @typedef {{ at: number, count: number }} Marked
 * @typedef {{ index: number, at: number, count: number, value: { type: import("./structures.mjs").Type, at: number } | null }} Place
 *   a memory's place among those that are shown, what is marked in it, and the value that is shown as a tree
 */

const MOST = 200;

export class Places {
  /** @type {Place[]} */ #list = [];
  #at = -1;

  /** Somebody went to a place; those that lay before them are forgotten. @param {Place} place */
  visit(place) {
    const here = this.here;
    if (here && here.index === place.index && here.at === place.at && here.count === place.count) {
      this.#list[this.#at] = place;
      return;
    }
    this.#list.splice(this.#at + 1, Infinity, place);
    if (this.#list.length > MOST) this.#list.shift();
    this.#at = this.#list.length - 1;
  }

  /** @returns {Place | undefined} */
  get here() {
    return this.#list[this.#at];
  }

  /** The value that is shown where one is. @param {Place["value"]} value */
  note(value) {
    const { here } = this;
    if (here) here.value = value;
  }

  get canGoBack() {
    return this.#at > 0;
  }

  get canGoForward() {
    return this.#at < this.#list.length - 1;
  }

  /** Goes so many places forward, or back; the place, or undefined if there is none. @param {1 | -1} by */
  go(by) {
    const place = this.#list[this.#at + by];
    if (place) this.#at += by;
    return place;
  }
}
