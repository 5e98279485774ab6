/** The script of the worker that lowers: an entry of a bundle, whose address `configure({ workerURL })` names. */
export {};
