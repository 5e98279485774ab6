// WebAssembly.Memory
//
// The bytes are those of a memory of the engine that runs JavaScript, so that its buffer is the engine's own in every
// respect. A memory that JavaScript makes has one from the start and gets an instance in Python when it is first linked;
// a memory that a module makes gets one when JavaScript first asks for its buffer. It has 32-bit addresses always: no
// engine can have more bytes than that in a memory of ours.

import { Memory as NativeMemory } from "../../common/engine.mjs";
import { addressValue } from "../webidl.mjs";
import { makeMemoryControl } from "./memory-control.mjs";

const PAGE_SIZE = 65536;

/** Pages that the engine's memory can have. */
const MOST = 65536;

/** Pages that the specification allows in a type, by address type. */
const VALID = { i32: 65536n, i64: 2n ** 37n - 1n };

/** The members of WebAssembly.Memory, and of WebAssembly.MemoryMapDescriptor where that is to be. */
export function makeMemory(context) {
  const { link, api } = context;
  const memoryInfo = api("memory_info", "O", "J");
  const limitGrowth = api("limit_growth", "Oi", "");
  const pageLimit = api("page_limit", "Oi", "i");

  /** Pages that a memory of JavaScript may have, by address type. */
  const limits = {
    i32: Math.min(pageLimit(context.settings, 0), MOST),
    i64: Math.min(pageLimit(context.settings, 1), MOST),
  };

  const toAddress = (number, address) => (address === "i64" ? BigInt(number) : number);

  function nativeOf(state) {
    state.native ??= link.nativeOf(state.ptr);
    return state.native;
  }

  function allocate({ address, initial, maximum, shared }) {
    const limit = limits[address];
    const descriptor = { initial: Number(initial) };
    if (maximum !== undefined) descriptor.maximum = Math.min(Number(maximum), limit);
    if (shared) descriptor.shared = true;
    try {
      if (descriptor.initial > limit) throw new RangeError(`${initial} pages, the limit is ${limit}`);
      return new NativeMemory(descriptor);
    } catch (error) {
      throw new RangeError(`WebAssembly.Memory(): could not allocate memory: ${error.message}`);
    }
  }

  const memories = {
    create(descriptor) {
      const { address = "i32", initial, maximum, shared } = descriptor;
      const what = "WebAssembly.Memory()";
      if (shared && maximum === undefined) throw new TypeError(`${what}: a shared memory must have a maximum`);
      for (const [name, pages] of [
        ["initial", initial],
        ["maximum", maximum],
      ]) {
        if (pages !== undefined && BigInt(pages) > VALID[address]) {
          const message = `value ${pages} is above the upper bound ${VALID[address]}`;
          throw new RangeError(`${what}: property '${name}': ${message}`);
        }
      }
      if (maximum !== undefined && maximum < initial) {
        throw new RangeError(`${what}: property 'maximum': value ${maximum} is below the lower bound ${initial}`);
      }
      if (control?.isSpecial(descriptor)) return control.create(descriptor, allocate);
      const type = { address, initial, maximum, shared };
      return { ...type, smallPages: false, native: allocate(type), ptr: undefined };
    },

    created(state, memory) {
      if (control === undefined) return;
      if (state.ptr !== undefined) context.identity.own(state.ptr, memory);
      state.object = memory;
    },

    /** A new reference to the memory instance, which the object has from now on. */
    linked(state, memory) {
      if (state.ptr === undefined) {
        const { native, address, initial, maximum, shared } = state;
        state.ptr = link.memoryFor(native, { address, initial, maximum, shared });
        limitGrowth(state.ptr, limits[address]);
        context.identity.own(state.ptr, memory);
      }
      context.identity.note(state.ptr, memory);
      link.incref(state.ptr);
      return state.ptr;
    },

    /** "Create a memory object" for a new reference. */
    adopt: (given) =>
      context.identity.adopted(given, (ptr) => {
        const { address, minimum: initial, maximum, shared, pageSizeLog2 } = memoryInfo(ptr);
        const type = { address, initial, maximum: maximum ?? undefined, shared };
        return context.interfaces.Memory.wrap({ ...type, smallPages: pageSizeLog2 !== 16, native: undefined, ptr });
      }),

    get_buffer(state) {
      if (state.overlaid) control?.show(state);
      const { buffer } = nativeOf(state);
      if (state.shared && !Object.isFrozen(buffer)) Object.freeze(buffer);
      return buffer;
    },

    grow(state, delta) {
      const what = "WebAssembly.Memory.grow()";
      const pages = Math.min(Number(addressValue(delta, state.address, `${what}: delta`)), 2 ** 40);
      let before = -1;
      if (state.ptr !== undefined) {
        before = link.grow(state.ptr, pages);
      } else if (state.native.buffer.byteLength / PAGE_SIZE + pages <= limits[state.address]) {
        try {
          before = state.native.grow(pages);
        } catch {
          // It is told below.
        }
      }
      if (before < 0) throw new RangeError(`${what}: Maximum memory size exceeded: cannot grow by ${pages} pages`);
      return toAddress(before, state.address);
    },

    toFixedLengthBuffer(state) {
      const native = nativeOf(state);
      const buffer = native.toFixedLengthBuffer?.() ?? native.buffer;
      return state.shared ? Object.freeze(buffer) : buffer;
    },

    toResizableBuffer(state) {
      const what = "WebAssembly.Memory.toResizableBuffer()";
      if (state.maximum === undefined) throw new TypeError(`${what}: the memory must have a maximum`);
      const native = nativeOf(state);
      if (native.toResizableBuffer === undefined) {
        throw new TypeError(`${what}: this engine's memories have no resizable buffers`);
      }
      const buffer = native.toResizableBuffer();
      return state.shared ? Object.freeze(buffer) : buffer;
    },
  };
  const control = context.features.memoryControl ? makeMemoryControl(context, memories) : undefined;
  Object.assign(memories, control?.members);
  return { memories, MemoryMapDescriptor: control?.MemoryMapDescriptor };
}
