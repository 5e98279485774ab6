/** The plan of a lowered module; its form is described in docs/lowering.md. */
export interface Plan {
  readonly version: number;
}

/** The plan that a lowered module carries, null for any other module. */
export function planOf(module: WebAssembly.Module): Plan | null;

/** Instantiates a lowered module as `new WebAssembly.Instance` would the original. */
export function instantiate(
  module: WebAssembly.Module,
  importObject?: WebAssembly.Imports,
  context?: string,
): { instance: WebAssembly.Instance; exports: WebAssembly.Exports };

/** What `WebAssembly.Module.imports` answers for the original module. */
export function moduleImports(module: WebAssembly.Module): WebAssembly.ModuleImportDescriptor[];

/** What `WebAssembly.Module.exports` answers for the original module. */
export function moduleExports(module: WebAssembly.Module): WebAssembly.ModuleExportDescriptor[];

/** What `WebAssembly.Module.customSections` answers for the original module. */
export function moduleCustomSections(module: WebAssembly.Module, name: string): ArrayBuffer[];
