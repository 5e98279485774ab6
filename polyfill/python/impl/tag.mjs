// WebAssembly.Tag

/** Parameters that a tag may have. */
const MOST = 1000;

/** The members of WebAssembly.Tag. */
export function makeTag(context) {
  const { link, api, types, identity } = context;
  const newTag = api("new_tag", "J", "O");
  const tagInfo = api("tag_info", "O", "s");

  const wrap = (ptr) => context.interfaces.Tag.wrap({ ptr, params: types.signature(tagInfo(ptr)).params });

  return {
    create({ parameters }) {
      if (parameters.length > MOST) {
        throw new TypeError(`WebAssembly.Tag(): ${parameters.length} parameters, the limit is ${MOST}`);
      }
      const params = parameters.map(types.named);
      return { ptr: newTag(params.map((type) => type.code)), params };
    },
    created: (state, tag) => identity.own(state.ptr, tag),

    linked(state, tag) {
      identity.note(state.ptr, tag);
      link.incref(state.ptr);
      return state.ptr;
    },

    adopt: (ptr) => identity.adopted(ptr, wrap),
  };
}
