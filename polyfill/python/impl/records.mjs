// How long imported functions live.
//
// Python holds what an instance imports, JavaScript what it exports. An imported function whose closure holds the
// exports would keep both for ever: no collector sees the whole circle. So Python gets functions that only know the
// number of the imported one in a record, and the record is held by the exported functions, tables and globals, which
// is a circle that JavaScript's collector sees. A call of an exported function holds the record as long as it runs.
//
// That is right while nothing but such objects leads to the instance's functions. Whatever gives one of them to other
// wasm code *pins* the record: then Python's functions hold it, as they would without all this.

/** Records of instances, by number in Python. */
export function makeRecords() {
  const byNumber = new Map();
  const registry = new FinalizationRegistry((number) => byNumber.delete(number));
  let last = 0;

  function pin(record) {
    if (record === undefined) return;
    record.holder.pinned = true;
    record.holder.record = record;
  }

  /** The record of a number; undefined for 0, and for records without functions. */
  const find = (number) => byNumber.get(number)?.deref();

  /** A function of `count` parameters that holds the record while it runs another one. */
  function holding(record, call, count) {
    const { holder } = record;
    const leave = (before) => {
      if (!holder.pinned) holder.record = before;
    };
    if (count === 1) {
      return (a) => {
        const before = holder.record;
        holder.record = record;
        try {
          return call(a);
        } finally {
          leave(before);
        }
      };
    }
    return (...values) => {
      const before = holder.record;
      holder.record = record;
      try {
        return call(...values);
      } finally {
        leave(before);
      }
    };
  }

  return {
    /** A record for an instance that is about to be made. */
    create(pinned) {
      last += 1;
      const record = { number: last, functions: [], holder: { record: undefined, pinned: false } };
      if (pinned) pin(record);
      return record;
    },

    /** Hold the record from now on, wherever its functions are. */
    pin,

    /** A function for Python that calls an imported one of `count` parameters. */
    imported(record, function_, count) {
      const { number, functions, holder } = record;
      if (holder.pinned) return function_;
      if (functions.length === 0) {
        byNumber.set(number, new WeakRef(record));
        registry.register(record, number);
      }
      const at = functions.push(function_) - 1;
      const found = () => (holder.record ?? find(number)).functions[at];
      if (count === 0) return () => found()();
      if (count === 1) return (a) => found()(a);
      return count === 2 ? (a, b) => found()(a, b) : (...values) => found()(...values);
    },

    /** An exported function of the instance with the number, made to hold what it may call. */
    exported(number, call, count) {
      const record = find(number);
      return record === undefined || record.holder.pinned ? call : holding(record, call, count);
    },

    find,

    /** Run a function while the record is held. */
    run: (record, f) => holding(record, f, 0)(),

    count: () => byNumber.size,
  };
}
