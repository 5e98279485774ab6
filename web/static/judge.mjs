// What the transcripts of a case mean when the browser also ran it with lowered modules, and pyjsapi on the browser's engine.

import { memoryFeatures } from "../polyfill/lowered/probe.mjs";
import { memoriesOf } from "../polyfill/lowered/sections.mjs";
import { compareTranscripts, judge, sameValue, withoutMessage } from "./compare.mjs";

const OWN = {
  reason: "this browser's own: it lacks multi-memory, and its other differences are not listed one by one",
  source: "https://webassembly.org/features/",
};

/**
 * The differences between the browser's transcript and that of the same browser with lowered modules. One that is listed
 * for this browser, and where lowering does what pyjsapi does, has its reason.
 */
function compareLowered(case_, native, lowered, browser, known) {
  return compareTranscripts(case_, native, lowered).map(({ path, native: theirs, pyjsapi: ours }) => {
    const entry = known.find(
      (item) =>
        item.case === case_.id
        && item.path === path
        && browser in item.native
        && sameValue(item.native[browser], withoutMessage(theirs))
        && sameValue(item.pyjsapi, withoutMessage(ours)),
    );
    return { path, native: theirs, lowered: ours, ...(entry ? { reason: entry.reason, source: entry.source } : {}) };
  });
}

/** Has the case a module with several memories? */
const needsLowering = (case_) =>
  Object.values(case_.modules ?? {}).some((base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return memoriesOf(bytes).length > 1;
  });

/** What a case uses that this browser lacks beside multi-memory, so that lowering cannot give it either. */
function lackOf(case_) {
  const uses = (pattern) => pattern.test(JSON.stringify([case_.steps, case_.needs, case_.sources]));
  const { Memory } = WebAssembly;
  if (!("toResizableBuffer" in Memory.prototype) && uses(/to(Resizable|FixedLength)Buffer|"resizable"/)) {
    return {
      reason: "this browser's memories have no resizable buffers",
      source: "https://github.com/WebAssembly/spec/pull/1300",
    };
  }
  if (!memoryFeatures().memory64 && uses(/\bi64 \d/)) {
    return {
      reason: "this browser has no memories with 64-bit addresses",
      source: "https://webassembly.org/features/",
    };
  }
  return undefined;
}

/** A case that this browser refuses: what it does with lowered modules stands for it. */
function judgeInPlace(case_, pyjsapi, lowered, browser, known) {
  const judgement = { ...judge(case_, lowered, pyjsapi, browser, known), loweredDifferences: [] };
  const lack = lackOf(case_);
  if (judgement.status !== "different" || lack === undefined) return judgement;
  const differences = judgement.differences.map((item) => ({ ...lack, ...item }));
  return { status: "explained", differences, stale: [], unmet: [], loweredDifferences: [] };
}

/** A case that this browser runs without lowering: the shim must change nothing. */
function judgeUntouched(case_, native, pyjsapi, lowered) {
  const differences = compareTranscripts(case_, native, pyjsapi).map((item) => ({ ...item, ...OWN }));
  const loweredDifferences = compareLowered(case_, native, lowered, "", []);
  const status = loweredDifferences.length ? "different" : differences.length ? "explained" : "equal";
  return { status, differences, stale: [], unmet: [], loweredDifferences };
}

/**
 * The differences between pyjsapi on its own engine and on the browser's. Where that does what the browser itself does, and
 * why is known, the reason is the same.
 */
function compareHost(case_, pyjsapi, host, differences) {
  return compareTranscripts(case_, pyjsapi, host).map(({ path, native: ours, pyjsapi: theirs }) => {
    const entry = differences.find(
      (item) => item.path === path && item.reason && sameValue(withoutMessage(item.native), withoutMessage(theirs)),
    );
    return { path, pyjsapi: ours, host: theirs, ...(entry ? { reason: entry.reason, source: entry.source } : {}) };
  });
}

/**
 * What the transcripts of a case mean in this browser: as `judge`, the differences with lowered modules, and those of pyjsapi
 * on the browser's engine, if it has run there.
 */
export function judgeAll(case_, { native, pyjsapi, host, lowered }, browser, known, hasMultiMemory) {
  const judgement = judgeWithLowered(case_, native, pyjsapi, lowered, browser, known, hasMultiMemory);
  const hostDifferences = host ? compareHost(case_, pyjsapi, host, judgement.differences) : [];
  const bad = hostDifferences.some((item) => !item.reason);
  return { ...judgement, status: bad ? "different" : judgement.status, hostDifferences };
}

function judgeWithLowered(case_, native, pyjsapi, lowered, browser, known, hasMultiMemory) {
  if (!hasMultiMemory) {
    return needsLowering(case_)
      ? judgeInPlace(case_, pyjsapi, lowered, browser, known)
      : judgeUntouched(case_, native, pyjsapi, lowered);
  }
  const judgement = judge(case_, native, pyjsapi, browser, known);
  const loweredDifferences = compareLowered(case_, native, lowered, browser, known);
  const bad = loweredDifferences.some((item) => !item.reason);
  return { ...judgement, status: bad ? "different" : judgement.status, loweredDifferences };
}
