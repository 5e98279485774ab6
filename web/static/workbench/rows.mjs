// A list of many rows, of which only those in sight are elements. All rows are equally high.

/** Browsers have no higher elements: Firefox ends at some 17 million pixels. */
const MOST_PIXELS = 8_000_000;

/**
 * A list that the keyboard can walk through: one row is current, arrows, Page and Home, End move it, Enter opens it.
 */
export class Rows {
  #height = 28;
  #count = 0;
  #current = 0;
  /** Where the first row in sight would be, were all rows as high as they are: of very many, scrolling skips some. */
  #offset = 0;
  /** The place of the scroll bar that belongs to `#offset`. */
  #scrolled = 0;

  /**
   * @param {HTMLElement} host what becomes the list; it scrolls, and has a height
   * @param {{ label: string, render: (index: number, row: HTMLElement) => void, open?: (index: number, target: HTMLElement | null) => void,
   *   moved?: (index: number) => void, key?: (key: string, index: number) => boolean, tree?: boolean }} options
   *   `render` fills the element of a row with text; `open` is told what was clicked, `moved` where the keyboard went to, and `key`
   *   may take keys before the list does; of a tree, `render` says how deep a row is and whether it is open
   */
  constructor(host, { label, render, open, moved, key, tree = false }) {
    this.host = host;
    this.render = render;
    this.open = open;
    this.moved = moved;
    this.key = key;
    this.role = tree ? "treeitem" : "option";
    host.classList.add("rows");
    host.tabIndex = 0;
    host.setAttribute("role", tree ? "tree" : "listbox");
    host.setAttribute("aria-label", label);
    this.space = document.createElement("div");
    this.space.className = "rows-space";
    this.space.setAttribute("role", "presentation");
    host.replaceChildren(this.space);
    host.addEventListener("scroll", () => this.#scroll(), { passive: true });
    host.addEventListener("keydown", (event) => this.#key(event));
    host.addEventListener("click", (event) => this.#click(event));
    new ResizeObserver(() => this.#draw()).observe(host);
  }

  /** Shows so many rows, from the first on. @param {number} count */
  show(count) {
    this.#current = 0;
    this.#offset = 0;
    this.recount(count);
  }

  /** There are so many rows now; what is in sight stays, as far as it is there. @param {number} count */
  recount(count) {
    this.#count = count;
    this.#current = Math.max(0, Math.min(this.#current, count - 1));
    this.space.style.height = `${Math.min(count * this.#height, MOST_PIXELS)}px`;
    this.#scrollTo(Math.max(0, Math.min(this.#offset, count * this.#height - this.host.clientHeight)));
    this.#draw();
  }

  /** How many pixels of rows a pixel of the scroll bar stands for. */
  get #ratio() {
    const whole = this.#count * this.#height;
    if (whole <= MOST_PIXELS) return 1;
    return (whole - this.host.clientHeight) / (MOST_PIXELS - this.host.clientHeight);
  }

  #scroll() {
    // What this list itself has set may have been rounded.
    if (Math.abs(this.host.scrollTop - this.#scrolled) > 1) {
      this.#scrolled = this.host.scrollTop;
      this.#offset = this.#scrolled * this.#ratio;
    }
    this.#draw();
  }

  /** @param {number} offset */
  #scrollTo(offset) {
    this.#offset = offset;
    this.host.scrollTop = offset / this.#ratio;
    this.#scrolled = this.host.scrollTop;
  }

  get current() {
    return this.#current;
  }

  get count() {
    return this.#count;
  }

  /** Makes a row the current one and brings it into sight. @param {number} index */
  select(index) {
    this.#current = Math.max(0, Math.min(index, this.#count - 1));
    const top = this.#current * this.#height;
    const { clientHeight } = this.host;
    if (top < this.#offset) this.#scrollTo(top);
    else if (top + this.#height > this.#offset + clientHeight) this.#scrollTo(top + this.#height - clientHeight);
    this.#draw();
  }

  #draw() {
    const first = Math.max(0, Math.floor(this.#offset / this.#height) - 4);
    const last = Math.min(this.#count, first + Math.ceil(this.host.clientHeight / this.#height) + 8);
    const rows = [];
    for (let index = first; index < last; index++) rows.push(this.#row(index));
    this.space.replaceChildren(...rows);
    if (this.#count > 0) this.host.setAttribute("aria-activedescendant", this.#idOf(this.#current));
    else this.host.removeAttribute("aria-activedescendant");
  }

  /** @param {number} index */
  #row(index) {
    const row = document.createElement("div");
    row.className = "row";
    row.id = this.#idOf(index);
    row.dataset.index = String(index);
    row.setAttribute("role", this.role);
    row.setAttribute("aria-selected", String(index === this.#current));
    row.setAttribute("aria-posinset", String(index + 1));
    row.setAttribute("aria-setsize", String(this.#count));
    row.style.top = `${index * this.#height - this.#offset + this.#scrolled}px`;
    this.render(index, row);
    return row;
  }

  /** @param {number} index */
  #idOf(index) {
    return `${this.host.id}-${index}`;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const page = Math.max(1, Math.floor(this.host.clientHeight / this.#height) - 1);
    /** @type {Record<string, number>} */
    const to = {
      ArrowDown: this.#current + 1,
      ArrowUp: this.#current - 1,
      PageDown: this.#current + page,
      PageUp: this.#current - page,
      Home: 0,
      End: this.#count - 1,
    };
    if (this.#count > 0 && this.key?.(event.key, this.#current)) {
      event.preventDefault();
      return;
    }
    if (event.key in to) {
      this.select(to[event.key]);
      this.moved?.(this.#current);
    } else if (event.key === "Enter" && this.#count > 0) this.open?.(this.#current, null);
    else return;
    event.preventDefault();
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const row = target.closest(".row");
    if (!(row instanceof HTMLElement)) return;
    this.select(Number(row.dataset.index));
    this.open?.(this.#current, target);
  }
}
