// Modules, instances and what they export, as Python asks for them.

import { namespace as Native } from "../../common/engine.mjs";

/** What the names of exported functions begin with; the rest is the function's index in base 36. */
const FUNCTION = "f";

const wide = new WeakSet();

/** Sizes and indices of memories and tables of 64-bit addresses are BigInts. */
const sized = (object, number) => (wide.has(object) ? BigInt(number) : number);

/** Tell the engine's answer about a size as a number; -1 where it refused. */
function orRefused(ask) {
  try {
    return Number(ask());
  } catch {
    return -1;
  }
}

function limits(initial, maximum, address) {
  const number = address === "i64" ? BigInt : Number;
  const descriptor = { initial: number(initial) };
  if (maximum >= 0) descriptor.maximum = number(maximum);
  return address === "i64" ? { ...descriptor, address } : descriptor;
}

function marked(object, address) {
  if (address === "i64") wide.add(object);
  return object;
}

/** -1 for a buffer that is detached. */
function byteLength(buffer) {
  if (buffer.byteLength > 0) return buffer.byteLength;
  if ("detached" in buffer) return buffer.detached ? -1 : 0;
  try {
    new Uint8Array(buffer);
    return 0;
  } catch {
    return -1;
  }
}

/**
 * Give Python the functions; `define(name, params, result, f)` has letters of link.mjs, and numbers of handles are "i".
 * Borrowed objects are "O". Those that never throw are `quick`.
 */
export function defineObjects({ define, quick, link, handles, references, failures, calls, values, shapes }) {
  const get = (number) => handles.get(number);
  let imports = [];

  quick("free", "i", "", (number) => {
    const object = get(number);
    if (object?.shape !== undefined) object.number = 0;
    handles.free(number);
  });
  quick("free_call", "i", "", (number) => calls.free(number));

  // Modules and instances
  define("new_module", "b", "i", (bytes) => handles.put(new Native.Module(bytes)));
  define("begin_imports", "", "", () => {
    imports = [];
  });
  define("import_handle", "i", "", (number) => {
    imports.push(get(number));
  });
  define("import_export", "ii", "", (number, index) => {
    imports.push(exportOf(get(number), index));
  });
  define("import_given", "", "", () => {
    imports.push(references.given);
    references.given = undefined;
  });
  define("import_value", "sO", "", (letter, ptr) => {
    imports.push(values.fromPython[letter](ptr));
  });
  define("import_memory", "i", "", (record) => {
    imports.push(link.memoryOf(record));
  });
  // Exports come in the order of the module: first all functions, whose objects are made when they are asked for.
  define("new_instance", "iO", "i", (module, shape) => {
    const given = imports;
    imports = [];
    const instance = calls.run(() => new Native.Instance(get(module), { "": { ...given } }));
    const { exports } = instance;
    const record = { number: 0, shape, exports };
    shapes.hold(record, shape);
    for (const name of Object.keys(exports)) {
      if (name[0] !== FUNCTION) break;
      references.know(exports[name], record, Number.parseInt(name.slice(1), 36));
    }
    record.number = handles.put(record);
    return record.number;
  });
  define("export_of", "is", "i", (number, name) => handles.put(get(number).exports[name]));

  // Functions
  const exportOf = ({ exports }, index) => exports[FUNCTION + index.toString(36)];
  define("call_of", "iiss", "O", (number, index, params, results) =>
    calls.builtin(exportOf(get(number), index), params, results),
  );
  define("call_any_of", "iiss", "O", (number, index, params, results) =>
    calls.anyBuiltin(exportOf(get(number), index), params, results),
  );
  define("give_export", "ii", "", (number, index) => {
    references.given = exportOf(get(number), index);
  });
  define("give_known", "O", "i", (func) => {
    references.given = references.hostFunction(func);
    return references.given === undefined ? 0 : 1;
  });
  const give = (func, callee, f) => {
    shapes.hold(f, callee);
    references.knowHostFunction(f, func);
    references.given = f;
  };
  define("give_host", "OOss", "", (func, callee, params, results) =>
    give(func, callee, calls.hostFunction(callee, params, results)),
  );
  define("give_any_host", "OOssb", "", (func, callee, params, results, forwarder) =>
    give(func, callee, calls.anyHostFunction(callee, params, results, forwarder)),
  );

  // Memories
  define("new_memory", "dds", "i", (initial, maximum, address) =>
    handles.put(marked(new Native.Memory(/** @type {any} */ (limits(initial, maximum, address))), address)),
  );
  define("mark_wide", "i", "", (number) => {
    wide.add(get(number));
  });
  define("record_of", "is", "i", (number, address) => link.recordOf(get(number), address));
  define("grow_memory", "id", "d", (number, delta) => {
    const memory = get(number);
    return orRefused(() => memory.grow(sized(memory, delta)));
  });
  define("buffer_of", "i", "i", (number) => handles.put(get(number).buffer));
  define("is_buffer_of", "ii", "i", (number, buffer) => (get(number).buffer === get(buffer) ? 1 : 0));
  define("can_be_resizable", "", "i", () => ("toResizableBuffer" in Native.Memory.prototype ? 1 : 0));
  define("resizable_buffer", "ii", "", (number, on) => {
    const memory = get(number);
    if (on) memory.toResizableBuffer();
    else memory.toFixedLengthBuffer();
  });
  define("resize_buffer", "id", "i", (number, length) => orRefused(() => get(number).resize(length) ?? 0));
  define("most_of_buffer", "i", "d", (number) => (get(number).resizable ? get(number).maxByteLength : -1));
  quick("length_of_buffer", "i", "d", (number) => byteLength(get(number)));
  define("read_buffer", "idd", "b", (number, start, count) => new Uint8Array(get(number), start, count));
  define("write_buffer", "idO", "", (number, start, bytes) => {
    const { module } = link;
    const address = module._PyBytes_AsString(bytes) >>> 0;
    const source = module.HEAPU8.subarray(address, address + module._PyBytes_Size(bytes));
    new Uint8Array(get(number)).set(source, start);
  });

  // Tables
  define("new_table", "sdds", "i", (element, initial, maximum, address) => {
    const descriptor = { element, ...limits(initial, maximum, address) };
    return handles.put(marked(new Native.Table(/** @type {any} */ (descriptor), null), address));
  });
  define("table_size", "i", "d", (number) => Number(get(number).length));
  define("get_element", "ids", "O", (number, index, letter) => {
    const table = get(number);
    return values.toPython[letter](table.get(sized(table, index)));
  });
  define("set_element", "idsO", "", (number, index, letter, ptr) => {
    const table = get(number);
    table.set(sized(table, index), values.fromPython[letter](ptr));
  });
  define("grow_table", "idsO", "d", (number, delta, letter, ptr) => {
    const table = get(number);
    const value = values.fromPython[letter](ptr);
    return orRefused(() => table.grow(sized(table, delta), value));
  });

  // Globals
  define("new_global", "sisO", "i", (value, mutable, letter, ptr) => {
    const descriptor = { value: /** @type {any} */ (value), mutable: mutable !== 0 };
    return handles.put(new Native.Global(descriptor, values.fromPython[letter](ptr)));
  });
  define("get_global", "is", "O", (number, letter) => values.toPython[letter](get(number).value));
  define("set_global", "isO", "", (number, letter, ptr) => {
    get(number).value = values.fromPython[letter](ptr);
  });

  // Tags and exceptions
  const parameters = (text) => (text ? text.split(" ") : []);
  const { Tag, Exception, JSTag } = /** @type {any} */ (Native);
  define("has_tags", "", "i", () => (Tag === undefined ? 0 : 1));
  define("new_tag", "s", "i", (types) => handles.put(new Tag({ parameters: parameters(types) })));
  define("javascript_tag", "", "i", () => (JSTag === undefined ? 0 : handles.put(JSTag)));
  define("new_exception", "isO", "", (tag, letters, payload) => {
    failures.made = new Exception(get(tag), values.list(letters, payload));
  });
  define("is_of_tag", "ii", "i", (exception, tag) => (get(exception).is(get(tag)) ? 1 : 0));
  define("payload_of", "iis", "O", (exception, tag, letters) => {
    const found = [...letters].map((_, k) => get(exception).getArg(get(tag), k));
    return values.tuple(letters, found);
  });
}
