export const about = {
  title: "CPython starts and runs Python",
  language: "C, Emscripten, modules linked when they run",
  packages: ["pyodide"],
  quiet: "^invoke_|^_PyEM_TrampolineCall_JS$",
};

async function run(host, sources) {
  const { loadPyodide } = await host.load("pyodide");
  const env = { PYTHONHASHSEED: "0", HOME: "/home/pyodide" };
  const python = await loadPyodide({ stdout: () => {}, stderr: () => {}, env });
  return sources.map((source) => {
    try {
      return String(python.runPython(source));
    } catch (error) {
      return error.message.trim().split("\n").at(-1);
    }
  });
}

export const short = (host) => run(host, ["1 + 1"]);
export const long = (host) =>
  run(host, [
    "import re, json; json.dumps(re.findall(r'\\d+', 'a1b22'))",
    "sorted({'b': 1, 'a': [2.5]}.items()), f'{2**70:,} {1/3:.4f}', [*map(str, {3, 1})]",
    "class A:\n  def __init__(self): self.x = 5\n(lambda a: a.x ** 2)(A())",
    "1 / 0",
  ]);
