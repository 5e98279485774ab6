// WebAssembly.Exception, and the tag of JavaScript's exceptions.

const OPAQUE = "a value of type v128 or exnref cannot be passed to or from JavaScript";

/** The members of WebAssembly.Exception. */
export function makeException(context) {
  const { link, api, typed, types, identity } = context;
  const newList = api("new_list", "", "O");
  const append = typed("append", (letter) => [`O${letter}`, ""]);
  const newException = api("new_exception", "OO", "O");
  const tagOf = api("exception_tag", "O", "O");
  const tagInfo = api("tag_info", "O", "s");
  const argument = typed("exception_argument", (letter) => ["Oi", letter]);
  const jsTag = link.lookup("pyjsapi.runtime.exception", "HOST_TAG");
  let jsTagObject;

  function checkOpaque(type, what) {
    if (type.opaque) throw new TypeError(`${what}: ${OPAQUE}`);
  }

  /** The object of an exception; the exception holds the tag, so that its ptr stays what it is. */
  function make(ptr) {
    const tag = tagOf(ptr);
    const { params } = types.signature(tagInfo(tag));
    link.decref(tag);
    return context.interfaces.Exception.wrap({ ptr, tag, params, stack: undefined });
  }

  const stateOfTag = (tag) => context.interfaces.Tag.state(tag);

  return {
    create(tag, payload, { traceStack }) {
      const what = "WebAssembly.Exception()";
      const { ptr: tagPtr, params } = stateOfTag(tag);
      if (tagPtr === jsTag) {
        throw new TypeError(`${what}: exceptions of WebAssembly.JSTag are thrown as what they carry`);
      }
      if (payload.length !== params.length) {
        throw new TypeError(`${what}: ${payload.length} values for a tag of ${params.length} parameters`);
      }
      const list = newList();
      try {
        params.forEach((type, i) => {
          checkOpaque(type, what);
          append(type.letter)(list, type.convert(payload[i]));
        });
        const stack = traceStack ? new Error().stack : undefined;
        return { ptr: newException(tagPtr, list), tag: tagPtr, params, stack };
      } finally {
        link.decref(list);
      }
    },
    created: (state, exception) => identity.own(state.ptr, exception),

    /** The object of an exception that left wasm code; the ptr is borrowed. */
    wrap: (ptr) => identity.borrowed(ptr, make),

    /** A new reference to the exception behind an object that JavaScript threw; undefined for other values. */
    ptrOf(value) {
      const state = context.interfaces.Exception.state(value);
      if (state === undefined) return undefined;
      identity.note(state.ptr, value);
      link.incref(state.ptr);
      return state.ptr;
    },

    getArg(state, tag, index) {
      const what = "WebAssembly.Exception.getArg()";
      if (stateOfTag(tag).ptr !== state.tag) throw new TypeError(`${what}: the exception is not of the tag`);
      const type = state.params[index];
      if (type === undefined) {
        throw new RangeError(`${what}: index ${index}, but the payload has ${state.params.length} values`);
      }
      checkOpaque(type, what);
      return argument(type.letter)(state.ptr, index);
    },

    is: (state, tag) => stateOfTag(tag).ptr === state.tag,

    get_stack: (state) => state.stack,

    /** The tag of everything that JavaScript throws but exceptions of other tags. */
    get jsTag() {
      if (jsTagObject === undefined) {
        link.incref(jsTag);
        jsTagObject = context.implementation.Tag.adopt(jsTag);
      }
      return jsTagObject;
    },
  };
}
