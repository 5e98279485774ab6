import type { Instance, Module } from "./engine.js";
import type { WebAssembly } from "./webassembly.gen.js";

/** The plan of a lowered module; its form is described in docs/lowering.md of pyjsapi's sources. */
export interface Plan {
  readonly version: number;
}

/** The plan that a lowered module carries, null for any other module. */
export function planOf(module: Module): Plan | null;

/** Instantiates a lowered module as `new WebAssembly.Instance` would the original. */
export function instantiate(
  module: Module,
  importObject?: WebAssembly.Imports,
  context?: string,
): { instance: Instance; exports: WebAssembly.Exports };

/** What `WebAssembly.Module.imports` answers for the original module. */
export function moduleImports(module: Module): WebAssembly.ModuleImportDescriptor[];

/** What `WebAssembly.Module.exports` answers for the original module. */
export function moduleExports(module: Module): WebAssembly.ModuleExportDescriptor[];

/** What `WebAssembly.Module.customSections` answers for the original module. */
export function moduleCustomSections(module: Module, name: string): ArrayBuffer[];
