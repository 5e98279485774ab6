// The custom element <wasm-compare>; importing it defines it.

/** What an element says when it is done: its event "wasm-compare" has this as its detail. */
export interface Outcome {
  outcome: "equal" | "different" | "error";
  text: string;
}

/**
 * `<wasm-compare src="add.wasm" call="add(1, 2)">`: a call on the browser's own engine and on pyjsapi's.
 *
 * Further attributes: `pyodide` (the folder of Pyodide, by default `pyodide/` beside the page), `package` (pyjsapi's wheel
 * for a Pyodide that does not have it), `timeout` (seconds that the call may take, by default 30).
 */
export class WasmCompareElement extends HTMLElement {
  /** Runs the call on both engines; resolves when its outcome is shown. */
  run(): Promise<void>;
}

/** The name and the arguments of a call. Throws an `Error` that says what is wrong. */
export function parseCall(text: string): { name: string; args: (number | bigint | string | null | undefined)[] };

declare global {
  interface HTMLElementTagNameMap {
    "wasm-compare": WasmCompareElement;
  }
}
