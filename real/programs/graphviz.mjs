export const about = {
  title: "Graphviz lays out graphs",
  language: "C and C++, Emscripten, embind",
  packages: ["@hpcc-js/wasm-graphviz"],
};

const SMALL = 'digraph { a -> b [label="x"]; b -> c; a -> c; c -> a }';
const LARGE = `digraph G { rankdir=LR; node [shape=record, style=filled, fillcolor="0.6 0.2 1.0"];
  subgraph cluster_0 { label="one"; a0 [label="<f0> left|{up|down}|<f1> right"]; a0:f0 -> a1 -> a2; a1 -> a3 [style=dashed] }
  subgraph cluster_1 { label=<<b>two</b> <i>words</i>>; b0 [shape=ellipse]; b0 -> b1 -> b2 -> b0 }
  start -> a0; start -> b0; a1 -> b2; b1 -> a3 [constraint=false, color=red]; a3 -> end; b2 -> end; start [shape=Mdiamond]; end [shape=Msquare] }`;
const UNDIRECTED = "graph { a -- b -- c -- d -- a; b -- d; d -- e; e -- f -- g; c -- g [len=2] }";

async function layOut(host, jobs) {
  const { Graphviz } = await host.load("@hpcc-js/wasm-graphviz");
  const graphviz = await Graphviz.load();
  const drawn = jobs.map(([source, format, engine]) => graphviz.layout(source, format, engine));
  for (const wrong of ["digraph { a -> ", "graph { a -> b }"]) {
    try {
      drawn.push(graphviz.layout(wrong, "svg", "dot"));
    } catch (error) {
      drawn.push(String(error));
    }
  }
  return drawn;
}

export const short = (host) => layOut(host, [[SMALL, "plain", "dot"]]);
export const long = (host) =>
  layOut(host, [
    [SMALL, "svg", "dot"],
    [LARGE, "svg", "dot"],
    [LARGE, "json", "dot"],
    [UNDIRECTED, "plain", "neato"],
    [UNDIRECTED, "dot", "circo"],
    [UNDIRECTED, "plain", "twopi"],
    [UNDIRECTED, "plain", "fdp"],
    [UNDIRECTED, "xdot", "osage"],
    [UNDIRECTED, "canon", "patchwork"],
  ]);
