// What the page and the cases use, and the library of TypeScript does not know.

interface Window {
  /** What was found, when the page is done: tests and `web.compare` read it. */
  report: { readonly summary: Readonly<Record<string, number>> };
  /** The exit status of each demonstration that was run. */
  demos: Readonly<Record<string, number>>;
  /** The module that the workbench shows. */
  workbench: { readonly name: string; readonly bytes: Uint8Array; readonly contents: object };
}

declare namespace WebAssembly {
  class Tag {
    constructor(type: { parameters: string[] });
  }
  class Exception {
    constructor(tag: Tag, payload: unknown[], options?: { traceStack?: boolean });
  }
}
