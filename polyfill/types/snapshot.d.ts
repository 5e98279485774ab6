// Starting Pyodide with pyjsapi from a memory snapshot: in some 0.2 s instead of 1.5.

import type { Module } from "./engine.js";

/** What a start needs; it can be sent to workers with `postMessage`. */
export interface Snapshot {
  /** The folder of Pyodide, as an absolute URL. */
  readonly folder: string;
  /** Pyodide's wasm module, compiled, and the length of its bytes. */
  readonly module: Module;
  readonly wasmLength: number;
  /** The standard library as a zip. */
  readonly library: ArrayBufferLike;
  /** Pyodide's lock file, without packages. */
  readonly lock: string;
  /** pyjsapi's wheel. */
  readonly wheel: ArrayBufferLike;
  /** Python's memory after importing pyjsapi; null where Pyodide makes no snapshots. */
  readonly memory: ArrayBufferLike | null;
}

export interface SnapshotOptions {
  /** Folder of Pyodide, with its `pyodide.mjs`. */
  indexURL: string;
  /** The wheel of pyjsapi; by default the one that Pyodide's lock file names. */
  packageURL?: string;
}

/** Makes what workers start from. Rejects with an error that names the URL if a file cannot be loaded. */
export function makeSnapshot(options: SnapshotOptions): Promise<Snapshot>;

/** Starts Pyodide from a snapshot, or plainly where that does not work: pyjsapi has been imported. */
export function loadFromSnapshot(snapshot: Snapshot): Promise<object>;
