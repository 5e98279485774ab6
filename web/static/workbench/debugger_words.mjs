// What the debugger says in words.

import { shown } from "./dom.mjs";

const hex = (/** @type {number} */ value) => `0x${value.toString(16)}`;

/** Where a call is. @param {import("./debugging.mjs").Frame} frame */
export function placeOf(frame) {
  if (frame.kind === "host") return `in ${shown(frame.name ?? "a function of the host")}`;
  const name = frame.name === null ? `function ${frame.function}` : `$${shown(frame.name)}`;
  const { place } = frame;
  const line = place && place.file !== "text" ? `, ${place.file ? `${shown(place.file)}:` : "line "}${place.line}` : "";
  return `${name}+${frame.instruction} at ${hex(frame.offset)}${line}: ${shown(frame.text)}`;
}

/** Why it stopped. @param {import("./debugging.mjs").State} state @param {import("./debugging.mjs").Debugging} debugging */
export function reasonOf({ stop, outcome }, debugging) {
  const [number] = stop.breakpoints ?? [];
  const problem = stop.problem ? ` (${shown(stop.problem)})` : "";
  const which = number === undefined ? "" : `Breakpoint ${number}${problem}`;
  switch (stop.reason) {
    case "entry":
      return "At the start:";
    case "breakpoint":
      return `${which}:`;
    case "watch":
      if (stop.by === "host") return `${which}: an import has written ${stop.size} bytes at ${hex(stop.address)}.`;
      return `${which}: ${stop.access} of ${stop.size} bytes at ${hex(stop.address)} of memory ${stop.memory}:`;
    case "import":
      return `${which}: ${stop.when} the call of ${shown(debugging.numbered(number)?.spec.import ?? "an import")}:`;
    case "growth":
      if (stop.by === "host") return `${which}: an import has let a memory grow.`;
      return `${which}: memory ${stop.memory} of ${stop.pages} pages is to grow by ${stop.delta}:`;
    case "trap":
    case "exception":
      return `${stop.reason === "trap" ? "Trap" : "Exception"}: ${shown(stop.message)}.`;
    case "paused":
      return "Paused:";
    case "end":
      return endOf(outcome);
    default:
      return "";
  }
}

/** @param {any} outcome */
function endOf(outcome) {
  if (outcome.results) {
    const values = outcome.results.map((/** @type {any} */ one) => `${one.type} ${one.value}`).join(", ");
    return `Returned${values ? ` ${shown(values)}` : ""}.`;
  }
  return `Failed: ${shown(String(outcome.error ?? outcome.exception ?? outcome.exit))}.`;
}

/** A breakpoint. @param {import("./debugging.mjs").Breakpoint} one */
export function breakpointText({ spec, made }) {
  const condition = spec.condition ? ` if ${shown(spec.condition)}` : "";
  return `${kindText(made && made.error === undefined ? { ...spec, ...made } : spec)}${condition}`;
}

/** @param {any} spec */
function kindText(spec) {
  switch (spec.kind) {
    case "function":
      return `function ${shown(String(spec.function))}`;
    case "instruction": {
      const offset =
        spec.offset === undefined ? "" : ` at ${typeof spec.offset === "number" ? hex(spec.offset) : spec.offset}`;
      return spec.function === undefined
        ? `instruction${offset}`
        : `function ${shown(String(spec.function))}, instruction ${spec.instruction}${offset}`;
    }
    case "line":
      return `line ${spec.line}${spec.file && spec.file !== "text" ? ` of ${shown(spec.file)}` : ""}`;
    case "watch": {
      const what = spec.reads && spec.writes ? "reads and writes" : spec.reads ? "reads" : "writes";
      const address = typeof spec.address === "number" ? hex(spec.address) : spec.address;
      return `${what} of ${spec.size} bytes at ${address} of memory ${spec.memory}`;
    }
    case "import":
      return `calls of ${shown(spec.import ?? "any import")}`;
    default:
      return (
        { trap: "traps", exception: "exceptions that nobody catches", growth: "growth of memories" }[spec.kind]
        ?? spec.kind
      );
  }
}
