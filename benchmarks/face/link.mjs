// What the link layer costs: calls both ways, and memory accesses against `struct` on a bytearray.
//
//   node benchmarks/face/link.mjs [native|proxy]      (after `make build`; prints a table)
//
// In a page: import measureLink from here and give it a Pyodide with pyjsapi, and the function createLink of
// polyfill/python/link.mjs. The two sides of a comparison alternate; calls are medians of rounds, accesses the least
// of many.

const ROUNDS = 9;
const ROUND_MS = 12;

const PYTHON = `
import struct, time
from pyjsapi.bridge.memory.linked import make_memory, move_to_javascript
from pyjsapi.syntax.types import I32, MemType
from pyjsapi.validation.limits import Limits

def nothing(): pass
def same(a): return a
def first(a, b): return a

def timed(statement, names, count):
    "ns of a statement, the empty loop included (1-2 ns)"
    body = "\\n  ".join([statement] * 10)
    space = dict(names)
    defaults = ",".join(f"{name}={name}" for name in names)
    loop = f" a=4096\\n start=clock()\\n for _ in range(n):\\n  {body}\\n return clock()-start"
    exec(f"def f(n, clock, {defaults}):\\n{loop}", space)
    return lambda: space["f"](count, time.perf_counter) / count / 10 * 1e9

def compare(ours, plain, rounds, count=400):
    "(ns of ours, ns of plain, their quotient): the least of many short rounds in turn, as other work only adds time"
    ours, plain = timed(*ours, count), timed(*plain, count)
    ours(), plain()
    pairs = [(ours(), plain()) for _ in range(10 * rounds)]
    least, least_plain = (min(pair[k] for pair in pairs) for k in (0, 1))
    return [least, least_plain, least / least_plain]

DATA = bytearray(1 << 20)
ACCESSES = [
    ("i32.load", "f(a)", "i32_load", "f(d,a)[0]", struct.Struct("<I").unpack_from),
    ("i32.load offset", "f(a,16)", "i32_load", "f(d,a+16)[0]", struct.Struct("<I").unpack_from),
    ("i64.load", "f(a)", "i64_load", "f(d,a)[0]", struct.Struct("<Q").unpack_from),
    ("f64.load", "f(a)", "f64_load", "f(d,a)[0]", struct.Struct("<d").unpack_from),
    ("f32.load", "f(a)", "f32_load", "f(d,a)[0]", struct.Struct("<f").unpack_from),
    ("i32.store", "f(a,7)", "i32_store", "f(d,a,7)", struct.Struct("<I").pack_into),
    ("i64.store", "f(a,7)", "i64_store", "f(d,a,7)", struct.Struct("<Q").pack_into),
    ("f64.store", "f(a,1.5)", "f64_store", "f(d,a,1.5)", struct.Struct("<d").pack_into),
    ("i32.store8", "f(a,7)", "i32_store8", "f(d,a,7)", struct.Struct("<B").pack_into),
]

def measure_accesses(kind, rounds):
    memory = make_memory(MemType(I32, 16, 16, kind == "shared"), Limits())
    if kind == "moved":
        move_to_javascript(memory)
    rows = {}
    for name, ours, accessor, plain, function in ACCESSES:
        plain_names = {"f": function, "d": DATA}
        rows[f"{name}, {kind}"] = compare((ours, {"f": memory.accessor(accessor)}), (plain, plain_names), rounds)
    if kind == "shared":
        plain_names = {"f": ACCESSES[0][4], "d": DATA}
        add = memory.accessor("i32_atomic_rmw_add")
        rows["atomic add, shared"] = compare(("f(a,1)", {"f": add}), ("f(d,a)[0]", plain_names), rounds)
    return rows

def measure_import(call, f, g, rounds):
    return compare((call, {"f": f}), (call, {"f": g}), rounds)
`;

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

function timed(f, count) {
  const start = performance.now();
  for (let i = 0; i < count; i++) f(i);
  return ((performance.now() - start) / count) * 1e6;
}

/** [ns of ours, ns of plain, ns more] of two functions, measured in turn. */
function compareCalls(ours, plain) {
  let count = 64;
  while (timed(ours, count) * count < ROUND_MS * 1e6) count *= 2;
  timed(plain, count);
  const pairs = Array.from({ length: ROUNDS }, () => [timed(ours, count), timed(plain, count)]);
  return [median(pairs.map(([a]) => a)), median(pairs.map(([, b]) => b)), median(pairs.map(([a, b]) => a - b))];
}

/**
 * Measure a link.
 * @param {object} pyodide with pyjsapi
 * @param {Function} createLink
 * @param {'native' | 'proxy'} kind
 * @returns {Promise<{ calls: object, imports: object, accesses: object, linkMs: number }>} rows by name: calls from
 *   JavaScript are [ns, ns of the same JavaScript function, ns more]; imports and accesses are [ns, ns of the plain
 *   Python function or of `struct`, ratio]
 */
export async function measureLink(pyodide, createLink, kind = "native") {
  pyodide.runPython("import pyjsapi.bridge.memory.linked");
  const start = performance.now();
  const link = await createLink(pyodide, { link: kind });
  const linkMs = performance.now() - start;
  pyodide.globals.set("benchmark_source", PYTHON);
  pyodide.runPython(`
import sys, types
face_benchmark = sys.modules["face_benchmark"] = types.ModuleType("face_benchmark")
exec(benchmark_source, face_benchmark.__dict__)
`);
  const exported = (name, params, results) => link.export(link.lookup("face_benchmark", name), params, results);
  const calls = {};
  const same = (a) => a;
  /** @type {[string, string, string, (a?: any) => unknown, (number | bigint)[]][]} */
  const cases = [
    ["nothing", "", "", () => {}, []],
    ["same", "i", "i", same, [7]],
    ["first", "ii", "i", same, [7, 8]],
    ["same", "d", "d", same, [1.5]],
    ["same", "I", "I", same, [5n]],
  ];
  for (const [name, params, results, plain, values] of cases) {
    const f = exported(name, params, results);
    const [a, b] = values;
    const call = [(g) => () => g(), (g) => () => g(a), (g) => () => g(a, b)][values.length];
    calls[`(${params}) -> (${results})`] = compareCalls(call(f), call(plain));
  }
  const rounds = kind === "native" ? ROUNDS : 3;
  const imports = {};
  const measureImport = exported("measure_import", "sOOi", "J");
  for (const [call, params, results, f, plain] of [
    ["f()", "", "", () => {}, "nothing"],
    ["f(7)", "i", "i", same, "same"],
    ["f(7,8)", "ii", "i", same, "first"],
    ["f(1.5)", "d", "d", same, "same"],
  ]) {
    const ptr = link.import(f, params, results);
    imports[`${call}, (${params})`] = measureImport(call, ptr, link.lookup("face_benchmark", plain), rounds);
  }
  const measureAccesses = exported("measure_accesses", "si", "J");
  const kinds = typeof SharedArrayBuffer === "undefined" ? ["heap", "moved"] : ["heap", "moved", "shared"];
  const accesses = Object.assign({}, ...kinds.map((memory) => measureAccesses(memory, rounds)));
  return { linkMs, calls, imports, accesses };
}

function print(title, rows, last) {
  console.log(`\n${title}`);
  for (const [name, [ours, plain, comparison]] of Object.entries(rows)) {
    const [a, b] = [ours, plain].map((ns) => ns.toFixed(1).padStart(8));
    console.log(`  ${name.padEnd(26)} ${a} ns ${b} ns   ${last(comparison)}`);
  }
}

if (typeof process === "object" && process.argv?.[1] && import.meta.url === `file://${process.argv[1]}`) {
  const { startPyodide } = await import("../../polyfill/test/python/linked.mjs");
  const { createLink } = await import("../../polyfill/python/link.mjs");
  const kind = process.argv[2] === "proxy" ? "proxy" : "native";
  const { linkMs, calls, imports, accesses } = await measureLink(await startPyodide(), createLink, kind);
  console.log(`Node ${process.versions.node}, ${kind} link, made in ${linkMs.toFixed(1)} ms`);
  print("JavaScript calls Python / JavaScript", calls, (more) => `${more.toFixed(1).padStart(7)} ns more`);
  print("Python calls JavaScript / Python", imports, (ratio) => `x ${ratio.toFixed(2)}`);
  print("accessor / struct on a bytearray", accesses, (ratio) => `x ${ratio.toFixed(2)}`);
}
