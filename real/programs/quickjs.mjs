import { JAVASCRIPT, MORE_JAVASCRIPT } from "./sources/javascript.mjs";

export const about = {
  title: "QuickJS evaluates JavaScript (Emscripten)",
  language: "C, Emscripten",
  packages: ["@jitl/quickjs-wasmfile-release-sync", "quickjs-emscripten-core"],
};

async function evaluate(host, sources) {
  const { newQuickJSWASMModuleFromVariant } = await host.load("quickjs-emscripten-core");
  const variant = await host.load("@jitl/quickjs-wasmfile-release-sync");
  const quickjs = await newQuickJSWASMModuleFromVariant(variant.default);
  const context = quickjs.newContext();
  // recursion without end is to fail inside, before the engine's own stack ends
  context.runtime.setMaxStackSize(64 * 1024);
  // a function of the host that calls back
  const twice = context.newFunction("twice", (callback, value) => {
    const first = context.unwrapResult(context.callFunction(callback, context.undefined, value));
    const second = context.callFunction(callback, context.undefined, first);
    first.dispose();
    return context.unwrapResult(second);
  });
  context.setProp(context.global, "twice", twice);
  const answers = [];
  for (const source of [...sources, "twice(x => x * 3 + 1, 5)", "twice(() => { throw Error('no') }, 1)"]) {
    const outcome = context.evalCode(source);
    answers.push(context.dump(outcome.error ?? outcome.value));
    outcome.dispose();
  }
  const jobs = context.runtime.executePendingJobs();
  answers.push(jobs.value);
  twice.dispose();
  context.dispose();
  return answers;
}

export const short = (host) => evaluate(host, JAVASCRIPT);
export const long = (host) => evaluate(host, [...JAVASCRIPT, ...MORE_JAVASCRIPT]);
