// Notes which workers a page starts, and what goes wrong in it.
globalThis.noted = { workers: [], errors: [] };
const Engine = globalThis.Worker;
globalThis.Worker = class Worker extends Engine {
  constructor(...given) {
    noted.workers.push(String(given[0]));
    super(...given);
  }
};
addEventListener("error", (event) => noted.errors.push(event.message), true);
addEventListener("unhandledrejection", (event) => noted.errors.push(String(event.reason)));
addEventListener("securitypolicyviolation", (event) => noted.errors.push(`${event.violatedDirective} ${event.blockedURI}`));
