// Memories of a NativeLink. A record stands for a memory, whose bytes are in Pyodide's heap (a bytearray) or in a
// WebAssembly.Memory of their own. Its accessors are builtins made on demand; when the bytes move from the heap into
// a memory, the definitions of the builtins are rewritten, so that running code goes on with the same objects.
//
// A record's address is its name, and `self` of the accessors. In Pyodide's memory it is
//   0 u32 address of the bytes   4 u32 their number   8 u64 mask of addresses   16 u32 log2 of the page size

import { namespace as Native } from "../../common/engine.mjs";
import { ArrayBufferMemory } from "./array-buffer-memory.mjs";
import { atomic } from "./atomic.mjs";
import { newMemory } from "./new-memory.mjs";
import { newBytes } from "./values.mjs";

const PAGE = 65536;
const RECORD_BYTES = 24;
const SCRATCH_BYTES = 16;
const MASKS = { i32: 0xffffffffn, i64: 0xffffffffffffffffn };

const i32 = (value) => new Native.Global({ value: "i32" }, value | 0);

export class Memories {
  #link;
  #module;
  #helpers;
  #python;
  #objects;
  #glue;
  #heap;
  #environment;
  #records = new Map();
  /**
   * Definitions of builtins whose memory is gone, by name. They are never freed: in a cycle the collector ends the
   * anchor, and with it the memory, before the builtins, which still read their definitions and may even be called.
   */
  #spare = new Map();
  #gone;
  #adopt;
  #moved;
  #grow;
  #proxiedAccessor;
  #canWait;

  constructor(link, helpers, canWait) {
    const { module } = link;
    this.#link = link;
    this.#module = module;
    this.#canWait = () => canWait;
    this.#helpers = helpers;
    // biome-ignore format: a list of names
    const names = ['PyLong_AsUnsignedLongMask', 'PyLong_AsUnsignedLongLongMask', 'PyFloat_AsDouble',
      'PyLong_FromUnsignedLong', 'PyLong_FromUnsignedLongLong', 'PyFloat_FromDouble', 'PyLong_FromUnsignedNativeBytes',
      'PyLong_AsNativeBytes', 'PyBytes_FromStringAndSize', 'PyErr_SetNone'];
    this.#python = Object.fromEntries(names.map((name) => [name, module[`_${name}`]]));
    this.#python.memory = module.memory;
    const trap = (name) => i32(link.lookup("pyjsapi.bridge.link.errors", name));
    this.#objects = {
      None: i32(link.none),
      OutOfBounds: trap("OutOfBoundsAccess"),
      Unaligned: trap("UnalignedAtomic"),
      CannotWait: trap("CannotWait"),
      NotShared: trap("NotShared"),
    };
    this.#environment = { scratch: i32(module._malloc(SCRATCH_BYTES)), canWait: i32(canWait ? 1 : 0) };
    this.#glue = new Native.Instance(helpers.glue, { python: { memory: module.memory } }).exports;
    this.#heap = new Native.Instance(helpers.heap, { python: this.#python, objects: this.#objects }).exports;
    const outOfBounds = this.#objects.OutOfBounds.value;
    const fail = () => {
      module._PyErr_SetNone(outOfBounds);
      return 0;
    };
    this.#gone = link.slots.take(link.newDispatcher(fail));
    this.#addHooks();
    const linked = (name) => link.lookup("pyjsapi.bridge.memory.linked", name);
    this.#adopt = link.export(linked("adopt"), "iddss", "O");
    this.#moved = link.export(linked("moved_to_javascript"), "O", "i");
    this.#grow = link.export(linked("grow"), "Od", "d");
    this.#proxiedAccessor = link.export(link.lookup("pyjsapi.bridge.memory.proxies", "proxied_accessor"), "is", "O");
  }

  get count() {
    return this.#records.size;
  }

  // What JavaScript calls

  memoryFor(memory, { initial, maximum, shared = false, address = "i32" }) {
    const most = maximum === undefined || maximum === null ? -1 : Number(maximum);
    const record = memory === null ? this.#make(Number(initial), most, shared) : this.#attached(memory);
    if (record === 0) throw new RangeError("the engine allows no more memories");
    this.#records.get(record).mask = MASKS[address];
    return this.#adopt(record, Number(initial), most, shared ? "shared" : "", address);
  }

  recordOf(memory, address) {
    const record = this.#attached(memory);
    this.#records.get(record).mask = MASKS[address];
    return record;
  }

  memoryOf(record) {
    return this.#records.get(record).memory;
  }

  nativeOf(ptr) {
    return this.#records.get(this.#moved(ptr)).memory;
  }

  grow(ptr, delta) {
    return this.#grow(ptr, Number(delta));
  }

  // What Python calls

  #addHooks() {
    const link = this.#link;
    link.hook("heap_memory", (data, pageLog2, mask) => this.#inHeap(data, pageLog2, mask), "OiI", "i");
    link.hook("heap_moved", (record, data) => this.#heapMoved(record, data), "iO", "");
    link.hook("new_memory", (pages, maximum, shared, mask) => this.#new(pages, maximum, shared, mask), "ddiI", "i");
    link.hook("move_to_javascript", (record, maximum) => this.#promote(record, maximum), "id", "i");
    link.hook("move_to_array_buffer", (...operands) => this.#moveToArrayBuffer(...operands), "idi", "i");
    link.hook("accessor", (record, anchor, name) => this.#accessor(record, anchor, name), "iOs", "O");
    link.hook("grow_memory", (record, delta) => this.#growNative(record, delta), "id", "d");
    link.hook("byte_length", (record) => this.#records.get(record).memory.buffer.byteLength, "i", "d");
    link.hook("read", (record, address, count) => this.#read(record, address, count), "idd", "O");
    link.hook("write", (record, address, data) => this.#bytes(record, address, data.length).set(data), "idb", "");
    link.hook("copy", (...operands) => this.#copy(...operands), "ididd", "");
    link.hook("free_memory", (record) => this.#free(record), "i", "");
  }

  #newRecord(entry) {
    const record = this.#module._malloc(RECORD_BYTES);
    this.#records.set(record, { definitions: [], memory: null, exports: null, mask: MASKS.i32, ...entry });
    return record;
  }

  #inHeap(data, pageLog2, mask) {
    const record = this.#newRecord({ mask: BigInt.asUintN(64, mask) });
    this.#heapMoved(record, data);
    const { HEAPU32 } = this.#module;
    const at = record >>> 2;
    HEAPU32[at + 2] = Number(mask & 0xffffffffn);
    HEAPU32[at + 3] = Number((mask >> 32n) & 0xffffffffn);
    HEAPU32[at + 4] = pageLog2;
    return record;
  }

  #heapMoved(record, data) {
    const { HEAPU32 } = this.#module;
    HEAPU32[record >>> 2] = this.#module._PyByteArray_AsString(data);
    HEAPU32[(record >>> 2) + 1] = this.#module._PyByteArray_Size(data);
  }

  #new(pages, maximum, shared, mask) {
    const record = this.#make(pages, maximum, shared !== 0);
    if (record) this.#records.get(record).mask = BigInt.asUintN(64, mask);
    return record;
  }

  /** The record of a new Native.Memory; 0 where the engine refuses it. */
  #make(pages, maximum, shared) {
    const memory = newMemory(pages, maximum, shared);
    return memory ? this.#attached(memory) : 0;
  }

  #attached(memory) {
    return this.#newRecord({ memory });
  }

  #instantiate(entry) {
    const { memory, mask } = entry;
    const environment = { ...this.#environment, memory, mask: new Native.Global({ value: "i64" }, mask) };
    const helper = isShared(memory) ? this.#helpers.shared : this.#helpers.native;
    const imports = { python: this.#python, objects: this.#objects, glue: this.#glue, memory: environment };
    entry.exports = new Native.Instance(helper, imports).exports;
  }

  #accessor(record, anchor, name) {
    const entry = this.#records.get(record);
    const slot = this.#slot(entry, name);
    const definition = this.#spare.get(name)?.pop() ?? this.#link.newDefinition(name, slot);
    this.#setFunction(definition, slot);
    entry.definitions.push([name, definition]);
    return this.#link.newBuiltin(definition, anchor);
  }

  /** Let the builtins of a definition call the function in another slot. */
  #setFunction(definition, slot) {
    this.#module.HEAPU32[(definition >>> 2) + 1] = slot;
  }

  /** The slot of the function behind an accessor; each needs its `release`. */
  #slot(entry, name) {
    return this.#link.slots.take(this.#function(entry, name));
  }

  #function(entry, name) {
    if (entry.proxied) return this.#throughProxy(entry, name);
    if (entry.memory && !entry.exports) this.#instantiate(entry);
    const f = (entry.exports ?? this.#heap)[name];
    if (!f) throw new TypeError(`no accessor has the name '${name}'`);
    return f;
  }

  /** A function that calls an accessor written in Python. */
  #throughProxy({ proxied }, name) {
    if (!proxied.functions.has(name)) {
      const callable = this.#proxiedAccessor(proxied.number, name);
      const vectorcall = this.#module._PyObject_Vectorcall;
      const call = (_self, args, count) => vectorcall(callable, args, count, 0);
      proxied.functions.set(name, { callable, f: this.#link.newDispatcher(call) });
    }
    return proxied.functions.get(name).f;
  }

  #promote(record, maximum) {
    const entry = this.#records.get(record);
    const { HEAPU8, HEAPU32 } = this.#module;
    const start = HEAPU32[record >>> 2];
    const size = HEAPU32[(record >>> 2) + 1];
    const memory = newMemory(size / PAGE, maximum, false);
    if (!memory) return 0;
    new Uint8Array(memory.buffer).set(HEAPU8.subarray(start, start + size));
    entry.memory = memory;
    this.#rebind(entry);
    return 1;
  }

  /** The same where the engine can have no memory. */
  #moveToArrayBuffer(record, maximum, shared) {
    const entry = this.#records.get(record);
    const { HEAPU32 } = this.#module;
    const bytes = this.#bytes(record, 0, HEAPU32[(record >>> 2) + 1]);
    const pageLog2 = HEAPU32[(record >>> 2) + 4];
    let memory;
    try {
      memory = new ArrayBufferMemory(bytes.length / 2 ** pageLog2, maximum, pageLog2, shared !== 0);
    } catch {
      return 0;
    }
    new Uint8Array(memory.buffer).set(bytes);
    const proxies = this.#link.pyodide.pyimport("pyjsapi.bridge.memory.proxies");
    const number = proxies.add_proxied(memory, String(entry.mask), pageLog2);
    if (shared) proxies.set_atomics(atomic, this.#canWait);
    proxies.destroy();
    entry.memory = memory;
    entry.proxied = { number, functions: new Map() };
    this.#rebind(entry);
    return 1;
  }

  /** Let the accessors that exist reach the bytes where they are now, and no longer in the heap. */
  #rebind(entry) {
    for (const [name, definition] of entry.definitions) {
      this.#setFunction(definition, this.#slot(entry, name));
      this.#link.slots.release(this.#heap[name]);
    }
  }

  #growNative(record, delta) {
    const { memory } = this.#records.get(record);
    try {
      return memory.grow(delta);
    } catch {
      return -1;
    }
  }

  /** The bytes from an address on, which must be in bounds. */
  #bytes(record, address, count) {
    const { memory } = this.#records.get(record);
    if (memory) return new Uint8Array(memory.buffer, address, count);
    const { HEAPU8, HEAPU32 } = this.#module;
    const start = HEAPU32[record >>> 2] + address;
    return HEAPU8.subarray(start, start + count);
  }

  #read(record, address, count) {
    const { ptr, address: target } = newBytes(this.#module, count);
    this.#module.HEAPU8.set(this.#bytes(record, address, count), target);
    return ptr;
  }

  #copy(target, address, source, sourceAddress, count) {
    this.#bytes(target, address, count).set(this.#bytes(source, sourceAddress, count));
  }

  #free(record) {
    const entry = this.#records.get(record);
    for (const [name, definition] of entry.definitions) {
      this.#link.slots.release(this.#function(entry, name));
      this.#setFunction(definition, this.#gone);
      if (!this.#spare.has(name)) this.#spare.set(name, []);
      this.#spare.get(name).push(definition);
    }
    if (entry.proxied) {
      for (const { callable } of entry.proxied.functions.values()) this.#link.decref(callable);
      const proxies = this.#link.pyodide.pyimport("pyjsapi.bridge.memory.proxies");
      proxies.remove_proxied(entry.proxied.number);
      proxies.destroy();
    }
    this.#module._free(record);
    this.#records.delete(record);
  }
}

function isShared(memory) {
  return typeof SharedArrayBuffer !== "undefined" && memory.buffer instanceof SharedArrayBuffer;
}
