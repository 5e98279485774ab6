// The bytes of a Response (WebAssembly Web API).

const { apply } = Reflect;
const { Response, Headers } = globalThis;

/** @returns {Function} where there is no `Response`, it throws as for a value that is none */
const getter = (name) => Response && Object(Object.getOwnPropertyDescriptor(Response.prototype, name)).get;
const okOf = getter("ok");
const statusOf = getter("status");
const typeOf = getter("type");
const headersOf = getter("headers");
const arrayBufferOf = /** @type {Function} */ (Response?.prototype.arrayBuffer);
const getHeader = /** @type {Function} */ (Headers?.prototype.get);

/** The bytes of a response; throws a TypeError unless it is a successful one of type application/wasm. */
export async function responseBytes(source, what) {
  const response = await source;
  let ok;
  try {
    ok = apply(okOf, response, []);
  } catch {
    throw new TypeError(`${what}: argument 0 must be a Response or a promise of one`);
  }
  const mimeType = apply(getHeader, apply(headersOf, response, []), ["Content-Type"]);
  if (mimeType === null || mimeType.replace(/^[\t ]+|[\t ]+$/g, "").toLowerCase() !== "application/wasm") {
    throw new TypeError(`${what}: Incorrect response MIME type '${mimeType ?? ""}': expected 'application/wasm'`);
  }
  if (["opaque", "opaqueredirect", "error"].includes(apply(typeOf, response, []))) {
    throw new TypeError(`${what}: the response is not of this origin, and not shared with it`);
  }
  if (!ok) throw new TypeError(`${what}: HTTP status code is not ok (${apply(statusOf, response, [])})`);
  return new Uint8Array(await apply(arrayBufferOf, response, []));
}
