/** Calls `registerLoader()`. */
export {};
