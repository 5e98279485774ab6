// A host for programs of WASI preview 1: arguments, standard input and output, a clock, chance; no files.

import { fill, makeRandom } from "./fixed.mjs";

const SUCCESS = 0;
const EBADF = 8;
const ENOENT = 44;
const ENOSYS = 52;
const ESPIPE = 70;
const TTY = 2;
const ALL_RIGHTS = 0xffffffffffffffffn;

/** What `proc_exit` throws. */
export class Exit {
  constructor(code) {
    this.code = code;
  }
}

export class Wasi {
  /** What was written to standard output and standard error. */
  output = "";
  #args;
  #input;
  #random = makeRandom();
  #time = 1_700_000_000_000_000_000n;
  #decoder = new TextDecoder();

  constructor({ args = [], input = "" } = {}) {
    this.#args = args.map((arg) => Buffer.from(`${arg}\0`));
    this.#input = Buffer.from(input);
  }

  /** Takes the memory of the instance; call it before WebAssembly code calls. */
  attach(memory) {
    this.memory = memory;
  }

  get #view() {
    return new DataView(this.memory.buffer);
  }

  #bytes(at, length) {
    return new Uint8Array(this.memory.buffer, at >>> 0, length);
  }

  *#vectors(at, count) {
    for (let k = 0; k < count; k++) {
      yield [this.#view.getUint32(at + 8 * k, true), this.#view.getUint32(at + 8 * k + 4, true)];
    }
  }

  #functions = {
    args_sizes_get: (count, size) => {
      this.#view.setUint32(count, this.#args.length, true);
      this.#view.setUint32(size, Buffer.concat(this.#args).length, true);
      return SUCCESS;
    },
    args_get: (pointers, at) => {
      for (const arg of this.#args) {
        this.#view.setUint32(pointers, at, true);
        this.#bytes(at, arg.length).set(arg);
        pointers += 4;
        at += arg.length;
      }
      return SUCCESS;
    },
    environ_sizes_get: (count, size) => {
      this.#view.setUint32(count, 0, true);
      this.#view.setUint32(size, 0, true);
      return SUCCESS;
    },
    environ_get: () => SUCCESS,
    clock_res_get: (_, at) => {
      this.#view.setBigUint64(at, 1000n, true);
      return SUCCESS;
    },
    clock_time_get: (_id, _precision, at) => {
      this.#time += 1_000_000n;
      this.#view.setBigUint64(at, this.#time, true);
      return SUCCESS;
    },
    random_get: (at, length) => {
      fill(this.#random, this.#bytes(at, length));
      return SUCCESS;
    },
    fd_write: (fd, vectors, count, written) => {
      if (fd !== 1 && fd !== 2) return EBADF;
      let total = 0;
      for (const [at, length] of this.#vectors(vectors, count)) {
        this.output += this.#decoder.decode(this.#bytes(at, length), { stream: true });
        total += length;
      }
      this.#view.setUint32(written, total, true);
      return SUCCESS;
    },
    fd_read: (fd, vectors, count, read) => {
      if (fd !== 0) return EBADF;
      let total = 0;
      for (const [at, length] of this.#vectors(vectors, count)) {
        const piece = this.#input.subarray(0, length);
        this.#bytes(at, piece.length).set(piece);
        this.#input = this.#input.subarray(piece.length);
        total += piece.length;
      }
      this.#view.setUint32(read, total, true);
      return SUCCESS;
    },
    fd_fdstat_get: (fd, at) => {
      if (fd > 2) return EBADF;
      this.#bytes(at, 24).fill(0);
      this.#view.setUint8(at, TTY);
      this.#view.setBigUint64(at + 8, ALL_RIGHTS, true);
      this.#view.setBigUint64(at + 16, ALL_RIGHTS, true);
      return SUCCESS;
    },
    fd_close: (fd) => (fd > 2 ? EBADF : SUCCESS),
    fd_seek: (fd) => (fd > 2 ? EBADF : ESPIPE),
    fd_prestat_get: () => EBADF,
    path_open: () => ENOENT,
    path_filestat_get: () => ENOENT,
    sched_yield: () => SUCCESS,
    proc_exit: (code) => {
      throw new Exit(code);
    },
  };

  /** The functions that a module imports from WASI; those that are not here answer that they are not. */
  imports(module) {
    const functions = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      if (from === "wasi_snapshot_preview1") functions[name] = this.#functions[name] ?? (() => ENOSYS);
    }
    return functions;
  }

  /** Calls the start function of a command; its exit code. */
  run(instance) {
    this.attach(instance.exports.memory);
    try {
      instance.exports._start();
    } catch (error) {
      if (error instanceof Exit) return error.code;
      throw error;
    }
    return 0;
  }
}
