// The JavaScript engine's own namespace: it may be replaced by the time it is used.

export const Native = globalThis.WebAssembly;
