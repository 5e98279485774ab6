// Python builtins that call JavaScript: `NativeLink.import`. All are the one dispatcher of Pyodide's function table;
// `self` is the number of the JavaScript function. Nothing that is thrown leaves these functions.

import { importMaker, isCompilable } from "./compile.mjs";
import { listOfResults } from "./values.mjs";

/** `(args, nargs) -> ptr` that calls `callee` with the signature. */
export function makeImport(link, callee, params, results) {
  if (link.compiles && isCompilable(params, results)) return importMaker(params, results)(link, callee);
  const takes = [...params].map((letter) => link.conversion(letter).unbox);
  const give = resultWriter(
    link,
    [...results].map((letter) => link.conversion(letter)),
    results,
  );
  const { module } = link;
  switch (takes.length) {
    case 0:
      return () => {
        try {
          return give(callee());
        } catch (error) {
          return link.throwIntoPython(error);
        }
      };
    case 1: {
      const [first] = takes;
      return (args) => {
        try {
          return give(callee(first(module.HEAPU32[args >>> 2])));
        } catch (error) {
          return link.throwIntoPython(error);
        }
      };
    }
    case 2: {
      const [first, second] = takes;
      return (args) => {
        try {
          const at = args >>> 2;
          return give(callee(first(module.HEAPU32[at]), second(module.HEAPU32[at + 1])));
        } catch (error) {
          return link.throwIntoPython(error);
        }
      };
    }
    default:
      return (args) => {
        try {
          const at = args >>> 2;
          return give(callee(...takes.map((unbox, i) => unbox(module.HEAPU32[at + i]))));
        } catch (error) {
          return link.throwIntoPython(error);
        }
      };
  }
}

function resultWriter(link, gives, results) {
  const { module } = link;
  if (gives.length === 0) return () => link.none;
  if (gives.length === 1) {
    if (results === "O") return (ptr) => ptr;
    const { coerce, box } = gives[0];
    return (value) => box(coerce(value));
  }
  return (value) => {
    const list = listOfResults(value, gives.length);
    const tuple = module._PyTuple_New(gives.length);
    try {
      gives.forEach(({ coerce, box }, i) => {
        const item = results[i] === "O" ? list[i] : box(coerce(list[i]));
        module._PyTuple_SetItem(tuple, i, item);
      });
    } catch (error) {
      module._Py_DecRef(tuple);
      throw error;
    }
    return tuple;
  };
}
