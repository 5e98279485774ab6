// A value in a memory as rows: of what is open there is a row for each part. Nothing is kept of parts that are closed.

import { partOf, partsOf, pointerAt } from "./structures.mjs";

/**
 * @typedef {import("./structures.mjs").Type} Type
 * @typedef {import("./structures.mjs").Bytes} Bytes
 * @typedef {{ name: string, type: Type, at: number, depth: number, parent: number, position: number, siblings: number, opens: boolean, open: boolean }} TreeRow
 *   `parent` is the number of its row, -1 for the first; `position` is among its siblings, from 1
 */

class Node {
  /** Whether its parts are shown. */ open = false;
  /** Parts that are open, by their numbers, in order. @type {Map<number, Node>} */ parts = new Map();

  /** How many rows it has, with its own. @param {Type} type */
  count(type) {
    if (!this.open) return 1;
    let sum = 1 + partsOf(type);
    for (const [k, part] of this.parts) sum += part.count(typeOfPart(type, k)) - 1;
    return sum;
  }
}

/** @param {Type} type @param {number} k @returns {Type} */
function typeOfPart(type, k) {
  if (type.kind === "array") return type.of;
  if (type.kind === "pointer") return /** @type {Type} */ (type.to);
  return /** @type {import("./structures.mjs").StructType} */ (type).fields[k].type;
}

export class Tree {
  #root = new Node();

  /** @param {Bytes} memory @param {Type} type @param {number} at @param {string} name what the first row is called */
  constructor(memory, type, at, name) {
    this.memory = memory;
    this.type = type;
    this.at = at;
    this.name = name;
    this.#root.open = partsOf(type) > 0;
  }

  get count() {
    return this.#root.count(this.type);
  }

  /** @param {number} index @returns {TreeRow | null} */
  row(index) {
    return this.#find(index)?.row ?? null;
  }

  /** Opens or closes a row. @param {number} index @returns {boolean} whether it is open then */
  toggle(index) {
    const found = this.#find(index);
    if (!found?.row.opens) return false;
    const { parent, node, row } = found;
    if (!parent) this.#root.open = !this.#root.open;
    else if (node?.open) parent.parts.delete(row.position - 1);
    else {
      const part = new Node();
      part.open = true;
      parent.parts.set(row.position - 1, part);
      parent.parts = new Map([...parent.parts].sort(([a], [b]) => a - b));
    }
    return parent ? !node?.open : this.#root.open;
  }

  /** @param {number} index @returns {{ row: TreeRow, node: Node | undefined, parent: Node | null } | null} */
  #find(index) {
    if (index < 0 || index >= this.count) return null;
    /** @type {Node | undefined} */
    let node = this.#root;
    /** @type {Node | null} */
    let parent = null;
    let value = { name: this.name, type: this.type, at: this.at };
    let [depth, above, number, position, siblings] = [0, -1, 0, 1, 1];
    while (number !== index && node) {
      const { k, row } = placeOf(node, value.type, index - number - 1);
      above = number;
      number += 1 + row;
      siblings = partsOf(value.type);
      position = k + 1;
      depth += 1;
      parent = node;
      node = node.parts.get(k);
      value = partOf(this.memory, value.type, value.at, k) ?? { name: "*", type: typeOfPart(value.type, k), at: -1 };
    }
    const row = {
      ...value,
      depth,
      parent: above,
      position,
      siblings,
      opens: this.#opens(value),
      open: node?.open ?? false,
    };
    return { row, node, parent };
  }

  /** Whether there is something to show below. @param {{ type: Type, at: number }} value */
  #opens({ type, at }) {
    if (at < 0 || partsOf(type) === 0) return false;
    if (type.kind !== "pointer") return true;
    const to = pointerAt(this.memory, at, type.size);
    return to !== null && to !== 0 && to < this.memory.length;
  }
}

/**
 * The part that a row below a node belongs to, and the row, counted from the node's first part, where that part begins.
 * @param {Node} node
 * @param {Type} type
 * @param {number} index counted from the node's first part
 */
function placeOf(node, type, index) {
  let more = 0;
  for (const [k, part] of node.parts) {
    const start = k + more;
    if (index <= start) break;
    const count = part.count(typeOfPart(type, k));
    if (index < start + count) return { k, row: start };
    more += count - 1;
  }
  return { k: index - more, row: index };
}
