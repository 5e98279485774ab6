// Turns steps and transcript entries into readable text and elements.

import { entryOfPath } from "./compare.mjs";

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/** An argument of a step, written as JavaScript. */
function showArgument(value) {
  if (typeof value === "string") {
    if (value.startsWith("$$")) return JSON.stringify(value.slice(1));
    return value.startsWith("$") ? value.slice(1) : JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(showArgument).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    return `{${Object.entries(value)
      .map(([key, item]) => ` ${key}: ${showArgument(item)}`)
      .join(",")} }`;
  }
  return String(value);
}

const showArguments = (step) => (step.args ?? []).map(showArgument).join(", ");

function showOperation(step) {
  if ("name" in step) return step.name;
  if ("new" in step) return `new ${step.new}(${showArguments(step)})`;
  if ("call" in step) return `${step.call}(${showArguments(step)})`;
  if ("get" in step) return step.get;
  if ("set" in step) return `${step.set} = ${showArgument(step.to)}`;
  if ("instance" in step)
    return `new Instance(${step.instance}${"imports" in step ? `, ${showArgument(step.imports)}` : ""})`;
  if ("module" in step) return `new Module(${step.module})`;
  if ("validate" in step) return `WebAssembly.validate(${step.validate})`;
  if ("read" in step) return `[...new ${step.view}(${step.read}.buffer, ${step.at ?? 0}, ${step.count})]`;
  if ("write" in step)
    return `new ${step.view}(${step.write}.buffer, ${step.at ?? 0}).set(${showArgument(step.values)})`;
  if ("same" in step) return step.same.map(showArgument).join(" === ");
  if ("keys" in step) return `Object.keys(${step.keys})`;
  if ("response" in step)
    return `new Response(${step.response}, { status: ${step.status ?? 200}, type: ${JSON.stringify(step.content_type)} })`;
  const does = ["(args) => { record(args);", ...(step.steps ?? []).map((inner) => `${showStep(inner)};`)];
  if ("throws" in step) does.push(`throw new HostError(${JSON.stringify(step.throws)});`);
  if ("returns" in step) does.push(`return ${showArgument(step.returns)};`);
  return `${step.host} = ${does.join(" ")} }`;
}

/** A step, written as JavaScript. */
export function showStep(step) {
  return `${step.as ? `${step.as} = ` : ""}${step.await ? "await " : ""}${showOperation(step)}`;
}

/** A value of a transcript, written for people. */
export function showValue(value) {
  if (value === undefined) return "—";
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(showValue).join(", ")}]`;
  if ("undefined" in value) return "undefined";
  if ("number" in value) return value.number;
  if ("utf16" in value) return `"${value.utf16}"`;
  if ("bigint" in value) return `${value.bigint}n`;
  if ("host" in value)
    return value.args ? `${value.host}(${value.args.map(showValue).join(", ")})` : `host ${value.host}`;
  if ("same" in value) return `the same as ${value.same}`;
  if ("symbol" in value) return value.symbol?.startsWith("Symbol.") ? value.symbol : `Symbol(${value.symbol ?? ""})`;
  if ("throws" in value) return `throws ${showValue(value.throws)}`;
  if ("error" in value) return value.error;
  if ("any" in value) return "anything";
  if ("elements" in value) return `${value.object} [${value.elements.map(showValue).join(", ")}]`;
  if ("function" in value && !("id" in value))
    return `${value.constructor ? "class" : "function"} ${value.function}/${value.length}`;
  if ("function" in value) return `function ${value.function}/${value.length} #${value.id}`;
  if ("fields" in value) return `{ ${value.fields.map(([key, item]) => `${key}: ${showValue(item)}`).join(", ")} }`;
  if (value.object === "ArrayBuffer" || value.object === "SharedArrayBuffer") {
    const kind = value.detached
      ? "detached"
      : value.resizable || value.growable
        ? `${value.byteLength} of ${value.maxByteLength} bytes`
        : `${value.byteLength} bytes`;
    return `${value.object}${value.id ? ` #${value.id}` : ""} (${kind})`;
  }
  if ("object" in value)
    return `${value.object}${value.id ? ` #${value.id}` : ""}${"length" in value ? ` (${value.length})` : ""}`;
  return JSON.stringify(value);
}

/** A transcript entry, written for people. */
export function showEntry(entry) {
  if (!entry) return "—";
  const log = (entry.log ?? []).map((event) => ("host" in event ? showValue(event) : showEntry(event))).join("; ");
  if (entry.missing) return "not observed";
  const outcome =
    "thrown" in entry
      ? `throws ${showValue(entry.thrown)}`
      : "error" in entry
        ? entry.error
        : "value" in entry
          ? showValue(entry.value)
          : "ok";
  return log ? `${outcome} ⟵ ${log}` : outcome;
}

/** An entry with the name of what was observed, where it has one. */
const showNamed = (step, entry) => (step.name ? `${step.name}: ${showEntry(entry)}` : showEntry(entry));

/** Does the entry say something by itself? What only prepares (a named object, undefined) is left out of the line. */
function tells(step, entry) {
  if (step.name || "error" in entry || entry.log) return true;
  return "value" in entry && !entry.value?.undefined && !(step.as && entry.value?.object);
}

/** One line for a whole transcript: the outcomes that say something. */
export function summarise(case_, transcript) {
  const told = transcript.flatMap((entry, k) =>
    tells(case_.steps[k], entry) ? [showNamed(case_.steps[k], entry)] : [],
  );
  return told.length ? told.join(" · ") : "ok";
}

function sourceBlock([name, text]) {
  return element("details", { className: "source" }, element("summary", {}, name), element("pre", {}, text.trim()));
}

/** The columns of an opened case, with the class that hides each. */
const HEADS = { native: "This browser", pyjsapi: "pyjsapi", host: "pyjsapi on this engine", lowered: "Lowered" };

function entryCell(engine, entry) {
  const cell = element("td", { className: engine }, element("code", {}, showEntry(entry)));
  cell.dataset.label = HEADS[engine];
  if (entry?.message) cell.append(element("span", { className: "message" }, entry.message));
  return cell;
}

/** The steps of a case with the transcripts side by side. */
export function showDetail(case_, result) {
  const { pyjsapi, judgement } = result;
  const { differences = [], loweredDifferences = [], hostDifferences = [] } = judgement ?? {};
  const all = [...differences, ...loweredDifferences, ...hostDifferences];
  const bad = new Map(all.map((item) => [entryOfPath(case_, item.path), item]));
  const rows = case_.steps.map((step, k) => {
    const difference = bad.get(k);
    const mark = !pyjsapi ? "" : difference ? (difference.reason ? "explained" : "different") : "equal";
    const row = element(
      "tr",
      { className: mark },
      element("td", {}, String(k)),
      element("td", {}, element("code", {}, showStep(step))),
      ...Object.keys(HEADS).map((engine) => entryCell(engine, result[engine]?.transcript?.[k])),
    );
    return row;
  });
  const head = element(
    "tr",
    {},
    ...["#", case_.code ? "Observed" : "Step"].map((text) => element("th", { scope: "col" }, text)),
    ...Object.entries(HEADS).map(([engine, text]) => element("th", { scope: "col", className: engine }, text)),
  );
  const table = element("table", { className: "steps" }, element("thead", {}, head), element("tbody", {}, ...rows));
  const covers = element("p", { className: "covers" }, `Covers: ${case_.covers.join(", ")}`);
  /** @type {[string, string][]} */
  const sources = Object.entries(case_.sources ?? {}).map(([name, text]) => [`module ${name}`, text]);
  if (case_.code) sources.unshift(["function", case_.code]);
  return element("div", { className: "detail-body" }, covers, table, ...sources.map(sourceBlock));
}
