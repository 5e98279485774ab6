// The comparison of two transcripts, and what it means for a case: the only implementation, used by the page and by the tests.

/** Are two parts of transcripts equal? */
export const sameValue = (a, b) => JSON.stringify(a) === JSON.stringify(b);

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** An entry without what is shown but not compared. */
export function withoutMessage(value) {
  if (!isObject(value)) return value;
  const { message: _shownOnly, ...rest } = value;
  return rest;
}

function* walk(path, a, b) {
  if (sameValue(a, b)) return;
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) {
    for (let k = 0; k < a.length; k++) yield* walk(`${path}[${k}]`, a[k], b[k]);
  } else if (isObject(a) && isObject(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) yield* walk(`${path}.${key}`, a[key], b[key]);
  } else {
    yield { path, native: a ?? null, pyjsapi: b ?? null };
  }
}

/** The entry without what is shown but not compared: messages, unless the step says otherwise. */
function comparable(step, entry) {
  const { message, log, ...rest } = entry ?? { missing: true };
  if (step.compare_message && message !== undefined) rest.message = message;
  if (log) rest.log = log.map(withoutMessage);
  return rest;
}

function* compareEntries(path, step, native, pyjsapi) {
  const [a, b] = [comparable(step, native), comparable(step, pyjsapi)];
  if ("error" in a === "error" in b) yield* walk(path, a, b);
  else yield { path, native, pyjsapi };
}

/** The name of an entry in the paths of differences: JavaScript cases name what they observe. */
export const entryPath = (case_, k) => case_.steps[k].name ?? `steps[${k}]`;

/** The number of the entry that a path of a difference is about. */
export function entryOfPath(case_, path) {
  return case_.steps.findIndex((_step, k) => {
    const name = entryPath(case_, k);
    return path === name || (path.startsWith(name) && ".[".includes(path[name.length]));
  });
}

/** Every difference between two transcripts of a case: a list of {path, native, pyjsapi}; empty when they are equal. */
export function compareTranscripts(case_, native, pyjsapi) {
  return case_.steps.flatMap((step, k) => [...compareEntries(entryPath(case_, k), step, native[k], pyjsapi[k])]);
}

/** Does `actual` have everything that `pattern` asks for? Objects may have more keys than the pattern. */
export function matches(pattern, actual) {
  if (isObject(pattern) && pattern.any) return actual !== undefined;
  if (Array.isArray(pattern)) {
    return (
      Array.isArray(actual) && actual.length === pattern.length && pattern.every((item, k) => matches(item, actual[k]))
    );
  }
  if (isObject(pattern))
    return isObject(actual) && Object.keys(pattern).every((key) => matches(pattern[key], actual[key]));
  return Object.is(pattern, actual);
}

/** What a step must come to, as an entry of a transcript, or null. */
function expectedEntry(step) {
  if ("outcome" in step) return step.outcome;
  if ("error" in step) return { error: step.error };
  return "expect" in step ? { value: step.expect } : null;
}

/** The steps whose transcript is not what the case itself demands: a list of {path, expected, actual}. */
export function unmetExpectations(case_, transcript) {
  return case_.steps.flatMap((step, k) => {
    const expected = expectedEntry(step);
    if (!expected || matches(expected, transcript[k] ?? null)) return [];
    return [{ path: entryPath(case_, k), expected, actual: transcript[k] ?? null }];
  });
}

/**
 * What the two transcripts of a case mean in this browser.
 *
 * `known` are the entries of browser_differences.json. The status is "equal", "explained" (every difference is listed for
 * this browser with exactly these values) or "different". A listed difference that did not occur makes a case "different".
 */
export function judge(case_, native, pyjsapi, browser, known) {
  const listed = known.filter((entry) => entry.case === case_.id && browser in entry.native);
  const differences = compareTranscripts(case_, native, pyjsapi).map((difference) => {
    const entry = listed.find(
      (item) =>
        item.path === difference.path
        && sameValue(item.native[browser], withoutMessage(difference.native))
        && sameValue(item.pyjsapi, withoutMessage(difference.pyjsapi)),
    );
    return entry ? { ...difference, reason: entry.reason, source: entry.source } : difference;
  });
  const stale = listed.filter((entry) => !differences.some((item) => item.path === entry.path && item.reason));
  const unmet = unmetExpectations(case_, pyjsapi);
  const bad = differences.some((item) => !item.reason) || stale.length > 0 || unmet.length > 0;
  return {
    status: bad ? "different" : differences.length ? "explained" : "equal",
    differences,
    stale: stale.map(({ path, reason }) => ({ path, reason })),
    unmet,
  };
}
