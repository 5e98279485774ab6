// Objects of the engine are known to Python by numbers, which are free again when their `Handle` goes.

export class Handles {
  /** @type {any[]} */
  #objects = [null];
  #free = [];

  /** The number of an object from now on; one object may have several. */
  put(object) {
    const number = this.#free.pop() ?? this.#objects.length;
    this.#objects[number] = object;
    return number;
  }

  get(number) {
    return this.#objects[number];
  }

  free(number) {
    this.#objects[number] = undefined;
    this.#free.push(number);
  }

  /** How many are held. */
  get count() {
    return this.#objects.length - this.#free.length - 1;
  }
}
