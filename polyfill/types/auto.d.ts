/** Calls `shim()`. */
export {};
