// JavaScript functions that call Python: `NativeLink.export`.
//
// Most signatures have code of their own (compile.mjs), or one closure per number of arguments where no code can be
// made from text; a loop is for all others. Arguments lie in a stack of
// our own in Pyodide's memory, because a conversion may call back into JavaScript, and that another exported function.

import { exportMaker, isCompilable } from "./compile.mjs";

const NUMERIC = /^[iIfd]*$/;
const OFFSET = 0x80000000 | 0; // PY_VECTORCALL_ARGUMENTS_OFFSET

/** A function with the given signature that calls the Python object `ptr`. */
export function makeExport(link, ptr, params, results) {
  if (link.compiles && isCompilable(params, results)) return exportMaker(params, results)(link, ptr);
  const takes = [...params].map((letter) => link.conversion(letter));
  const gives = [...results].map((letter) => link.conversion(letter));
  if (NUMERIC.test(params) && takes.length < MAKERS.length && gives.length <= 1) {
    return MAKERS[takes.length](link, ptr, takes, resultReader(link, results, gives));
  }
  return makeAny(link, ptr, takes, resultReader(link, results, gives));
}

/** From the reference that Python returned, owned, to the JavaScript value. */
function resultReader(link, results, gives) {
  const decref = link.module._Py_DecRef;
  if (gives.length === 0) {
    return (ptr) => {
      decref(ptr);
    };
  }
  if (gives.length === 1) {
    if (results === "O") return (ptr) => ptr;
    const { unbox } = gives[0];
    return (ptr) => {
      try {
        return unbox(ptr);
      } finally {
        decref(ptr);
      }
    };
  }
  return (ptr) => {
    try {
      return gives.map(({ unbox }, i) => {
        const item = link.module._PyTuple_GetItem(ptr, i);
        if (results[i] === "O") link.incref(item);
        return unbox(item);
      });
    } finally {
      decref(ptr);
    }
  };
}

function make0(link, callable, _takes, read) {
  const { depth, suspender, stack } = link;
  const vectorcall = link.module._PyObject_Vectorcall;
  return () => {
    depth.enter();
    const suspendable = suspender.value;
    suspender.value = false;
    try {
      const result = vectorcall(callable, (stack.top + 1) << 2, OFFSET, 0);
      if (result === 0) link.raise();
      return read(result);
    } finally {
      suspender.value = suspendable;
      depth.now--;
    }
  };
}

function make1(link, callable, [{ coerce, box }], read) {
  const { depth, suspender, stack, module } = link;
  const vectorcall = module._PyObject_Vectorcall;
  const decref = module._Py_DecRef;
  return (a) => {
    a = coerce(a);
    depth.enter();
    const suspendable = suspender.value;
    suspender.value = false;
    let { top } = stack;
    try {
      top = stack.push(2);
      const argument = box(a);
      module.HEAPU32[top + 1] = argument;
      const result = vectorcall(callable, (top + 1) << 2, 1 | OFFSET, 0);
      decref(argument);
      if (result === 0) link.raise();
      return read(result);
    } finally {
      stack.top = top;
      suspender.value = suspendable;
      depth.now--;
    }
  };
}

function make2(link, callable, [first, second], read) {
  const { depth, suspender, stack, module } = link;
  const vectorcall = module._PyObject_Vectorcall;
  const decref = module._Py_DecRef;
  return (a, b) => {
    a = first.coerce(a);
    b = second.coerce(b);
    depth.enter();
    const suspendable = suspender.value;
    suspender.value = false;
    let { top } = stack;
    try {
      top = stack.push(3);
      const argument = first.box(a);
      const other = second.box(b);
      const heap = module.HEAPU32;
      heap[top + 1] = argument;
      heap[top + 2] = other;
      const result = vectorcall(callable, (top + 1) << 2, 2 | OFFSET, 0);
      decref(argument);
      decref(other);
      if (result === 0) link.raise();
      return read(result);
    } finally {
      stack.top = top;
      suspender.value = suspendable;
      depth.now--;
    }
  };
}

/** @type {((link: object, callable: number, takes: any, read: (ptr: number) => unknown) => Function)[]} */
const MAKERS = [make0, make1, make2];

function makeAny(link, callable, takes, read) {
  const { depth, suspender, stack, module } = link;
  const count = takes.length;
  const numeric = takes.every((conversion) => conversion.numeric);
  return (...values) => {
    values.length = count;
    if (numeric) {
      for (let i = 0; i < count; i++) values[i] = takes[i].coerce(values[i]);
    }
    depth.enter();
    const suspendable = suspender.value;
    suspender.value = false;
    let { top } = stack;
    let made = 0;
    try {
      top = stack.push(count + 1);
      for (; made < count; made++) {
        const { coerce, box } = takes[made];
        const argument = box(numeric ? values[made] : coerce(values[made]));
        module.HEAPU32[top + 1 + made] = argument;
      }
      const result = module._PyObject_Vectorcall(callable, (top + 1) << 2, count | OFFSET, 0);
      if (result === 0) link.raise();
      return read(result);
    } finally {
      for (let i = 1; i <= made; i++) module._Py_DecRef(module.HEAPU32[top + i]);
      stack.top = top;
      suspender.value = suspendable;
      depth.now--;
    }
  };
}
