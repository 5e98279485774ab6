// What memories have beyond the specification where the feature memoryControl is on: mappings, protection, discarding,
// and WebAssembly.MemoryMapDescriptor, as V8 tries it out.
//
// The bytes that JavaScript sees are those of the engine's own memory: nothing can alias there. What is mapped lies over
// them for wasm code alone; a buffer shows what was there when it was last asked for.

import { addressValue, copyBytes } from "../webidl.mjs";

const MODULE = "pyjsapi.bridge.face.sharing";
const PAGE_SIZE = 65536;
const MOST = 2 ** 32;

/** The address that says: at the first free page. */
const ANYWHERE = 2n ** 64n - 1n;

/** A number of bytes as V8 converts it. */
function unsigned(value, what) {
  const number = +value;
  if (!Number.isFinite(number)) throw new TypeError(`${what} must be convertible to a valid number`);
  if (number < 0) throw new TypeError(`${what} must be non-negative`);
  if (number >= MOST) throw new TypeError(`${what} must be in the unsigned long range`);
  return Math.trunc(number) + 0;
}

/** The bytes of a buffer source themselves. */
function bytesOf(source) {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}

/** The interface MemoryMapDescriptor and the further members of Memory, whose other members are `memories`. */
export function makeMemoryControl(context, memories) {
  const { link } = context;
  const api = (name, params, results) => context.api(name, params, results, MODULE);
  const newDescriptor = api("new_descriptor", "d", "O");
  const mapDescriptor = api("map_descriptor", "OOd", "d");
  const unmapDescriptor = api("unmap_descriptor", "O", "");
  const mapBytes = api("map_bytes", "ObIs", "O");
  const mappingAddress = api("mapping_address", "O", "I");
  const isMapped = api("is_mapped", "O", "i");
  const mappedBytes = api("mapped_bytes", "O", "b");
  const unmapMapping = api("unmap", "O", "b");
  const unmapRange = api("unmap_range", "OII", "");
  const protectRange = api("protect", "OIIs", "");
  const discardRange = api("discard", "OII", "");
  const showMapped = api("show_mapped", "O", "");
  const adoptBehind = api("adopt_behind", "iJsiii", "O");
  const readOnlyBytes = api("read_only_bytes", "O", "b");

  /** What is held for mappings of memories that nobody has any more goes with them. */
  const registry = new FinalizationRegistry((ptr) => link.decref(ptr));

  /** The memory instance, borrowed from the object. */
  function instanceOf(state) {
    if (state.ptr === undefined) link.decref(memories.linked(state, state.object));
    return state.ptr;
  }

  /** An address or a number of bytes of a memory, as a BigInt. */
  const bytes = (value, state, what) => BigInt(addressValue(value, state.address, what));

  /** Let a buffer have what its mapping has now; one that was detached or became shorter gets nothing, or less. */
  function giveBack({ target, mode }, data) {
    if (mode === "r") return;
    const view = bytesOf(target);
    view.set(data.subarray(0, view.length));
  }

  /** The mappings of a memory that are still there; those that ended otherwise are dropped. */
  function mappingsOf(state) {
    const kept = [];
    for (const mapping of state.mappings ?? []) {
      if (isMapped(mapping.ptr)) kept.push(mapping);
      else drop(mapping);
    }
    state.mappings = kept;
    return kept;
  }

  /** End a mapping, if it has not ended, and let go of it. */
  function drop(mapping) {
    giveBack(mapping, unmapMapping(mapping.ptr));
    registry.unregister(mapping);
    link.decref(mapping.ptr);
  }

  const pagesOf = (value) => Number(value ?? 0);

  const members = {
    get_bufferOffset(state) {
      const offset = (state.hiddenPages ?? 0) * PAGE_SIZE;
      return state.address === "i64" ? BigInt(offset) : offset;
    },

    get_readOnlyBuffer(state) {
      if (!state.readOnlyPages) return null;
      return new Uint8Array(readOnlyBytes(state.ptr)).buffer;
    },

    map(state, buffer, length, { at, mode }) {
      const what = "WebAssembly.Memory.map()";
      const source = bytesOf(buffer);
      const count = length === undefined ? source.length : Number(bytes(length, state, `${what}: length`));
      if (count > source.length) {
        throw new RangeError(`${what}: ${count} bytes are wanted, the buffer has ${source.length}`);
      }
      const address = at === undefined ? ANYWHERE : bytes(at, state, `${what}: at`);
      const data = copyBytes(source.subarray(0, count));
      const ptr = mapBytes(instanceOf(state), data, address, mode);
      const mapping = { ptr, source: buffer, target: source.subarray(0, count), mode };
      registry.register(state, ptr, mapping);
      state.mappings = [...mappingsOf(state), mapping];
      state.overlaid = true;
      const found = BigInt.asUintN(64, mappingAddress(ptr));
      return state.address === "i64" ? found : Number(found);
    },

    unmap(state, target, length) {
      const what = "WebAssembly.Memory.unmap()";
      if (typeof target !== "object" || target === null) {
        const address = bytes(target, state, `${what}: target`);
        const count = bytes(length ?? 0, state, `${what}: length`);
        unmapRange(instanceOf(state), address, count);
        mappingsOf(state);
        return;
      }
      const kept = mappingsOf(state).filter((mapping) => mapping.source !== target);
      const ended = state.mappings.filter((mapping) => mapping.source === target);
      state.mappings = kept;
      for (const mapping of ended) drop(mapping);
    },

    flush(state) {
      for (const mapping of mappingsOf(state)) giveBack(mapping, mappedBytes(mapping.ptr));
    },

    protect(state, byteOffset, byteLength, access) {
      const what = "WebAssembly.Memory.protect()";
      const address = bytes(byteOffset, state, `${what}: byteOffset`);
      const count = bytes(byteLength, state, `${what}: byteLength`);
      protectRange(instanceOf(state), address, count, access);
    },

    discard(state, byteOffset, byteLength) {
      const what = "WebAssembly.Memory.discard()";
      const address = bytes(byteOffset, state, `${what}: byteOffset`);
      const count = bytes(byteLength, state, `${what}: byteLength`);
      discardRange(instanceOf(state), address, count);
    },
  };

  /** Whether a descriptor asks for pages that only this file knows how to make. */
  const isSpecial = ({ maplength, noAccess, readOnly }) =>
    pagesOf(maplength) + pagesOf(noAccess) + pagesOf(readOnly) > 0;

  /** The state of a memory that begins with pages of which the buffer shows nothing; `allocate` makes the others. */
  function create(descriptor, allocate) {
    const what = "WebAssembly.Memory()";
    const [maplength, noAccess, readOnly] = ["maplength", "noAccess", "readOnly"].map((name) =>
      pagesOf(descriptor[name]),
    );
    const { address = "i32", initial, maximum, shared } = descriptor;
    if (shared) throw new TypeError(`${what}: a shared memory cannot have maplength, noAccess or readOnly`);
    if (maplength && noAccess + readOnly)
      throw new TypeError(`${what}: noAccess/readOnly and maplength do not go together`);
    if (maplength && maximum === undefined)
      throw new TypeError(`${what}: property 'maplength' needs property 'maximum'`);
    if (maplength && maplength + Number(initial) > Number(maximum)) {
      throw new RangeError(
        `${what}: property 'maplength': ${maplength} pages for mappings and ${initial} others are more than the maximum of ${maximum}`,
      );
    }
    if (noAccess + readOnly > Number(initial)) {
      throw new RangeError(`${what}: ${noAccess} + ${readOnly} protected pages: the memory has ${initial}`);
    }
    const before = maplength + noAccess + readOnly;
    const pages = [Number(initial) - noAccess - readOnly];
    if (maximum !== undefined) pages.push(Number(maximum) - before);
    const native = allocate({ address, initial: pages[0], maximum: pages[1], shared: false });
    const ptr = adoptBehind(link.recordOf(native, address), pages, address, maplength, noAccess, readOnly);
    const type = { address, initial, maximum, shared: false };
    const hiddenPages = before;
    return { ...type, smallPages: false, native, ptr, hiddenPages, readOnlyPages: readOnly };
  }

  const name = "WebAssembly.MemoryMapDescriptor";
  const MemoryMapDescriptor = {
    create: (size) => ({ ptr: newDescriptor(unsigned(size, `${name}(): size`)) }),
    created: (state, object) => context.identity.own(state.ptr, object),

    map(state, memory, byteOffset) {
      const offset = unsigned(byteOffset, `${name}.map(): Argument 1`);
      const target = context.interfaces.Memory.state(memory);
      const count = mapDescriptor(state.ptr, instanceOf(target), offset);
      target.overlaid = true;
      return count;
    },

    unmap: (state) => unmapDescriptor(state.ptr),
  };

  /** Let the engine's memory have what is mapped, as far as it can be seen in a buffer. */
  const show = (state) => showMapped(state.ptr);

  return { members, MemoryMapDescriptor, isSpecial, create, show };
}
