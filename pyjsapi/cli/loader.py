"""The JavaScript module that ``pyjsapi lower --loader`` writes beside a lowered module."""

from __future__ import annotations

import json
from typing import Final

_LOADER: Final = """\
// Loads a module that `pyjsapi lower` has written. It needs no Python, and no engine with multi-memory.

import { instantiate as link, planOf } from "@pyjsapi/polyfill/linker";

const address = new URL(ADDRESS, import.meta.url);

/** Compiles the module. */
export async function compile() {
  if (address.protocol === "file:") {
    const { readFile } = await import("node:fs/promises");
    return WebAssembly.compile(await readFile(address));
  }
  return WebAssembly.compileStreaming(fetch(address));
}

/**
 * Instantiates the module.
 * @param {object} [importObject]
 * @param {WebAssembly.Module} [module] what `compile` gave, if it is there already
 * @returns {Promise<object>} its exports
 */
export async function instantiate(importObject, module = undefined) {
  const compiled = module ?? await compile();
  if (planOf(compiled)) return link(compiled, importObject).exports;
  return (await WebAssembly.instantiate(compiled, importObject)).exports;
}
"""


def loader(address: str) -> str:
    """The source of a loader of the module at an address relative to the loader's own."""
    return _LOADER.replace("ADDRESS", json.dumps(address))
