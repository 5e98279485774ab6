// What is asked of values of JavaScript.

/**
 * Whether a value is an object of ECMAScript (functions are).
 * @type {(value: unknown) => value is Record<PropertyKey, any>}
 */
export const isObject = (value) => (typeof value === "object" ? value !== null : typeof value === "function");

/**
 * The bytes of a text in base64.
 * @param {string} text
 */
export const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
