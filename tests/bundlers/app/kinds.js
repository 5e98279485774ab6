// A page that lets a worker of some kind do it, after the page has where it is told to.
import { configure, implementation } from "@pyjsapi/polyfill/implementation";

const START = {
  dedicated: (hear) => {
    const worker = new Worker("agent.js");
    worker.onmessage = hear;
    return worker;
  },
  shared: (hear) => {
    const { port } = new SharedWorker("agent.js");
    port.onmessage = hear;
    return port;
  },
  service: async (hear) => {
    navigator.serviceWorker.onmessage = hear;
    await navigator.serviceWorker.register("agent.js");
    return (await navigator.serviceWorker.ready).active;
  },
};

async function main() {
  const { kind, first, options, bytes } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
  if (first) {
    configure(options);
    await implementation.compile(Uint8Array.from(bytes));
  }
  const hear = ({ data }) => {
    document.documentElement.dataset.outcome = JSON.stringify(data);
  };
  (await START[kind](hear)).postMessage({ options, bytes });
}

main();
