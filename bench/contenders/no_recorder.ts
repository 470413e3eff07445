// Copyright 2026 the lab9 authors. MIT license.

/**
 * Stands in for the recorder where the queue is measured without it: what it
 * exports, doing nothing.
 *
 * @module
 */

import type * as recorder from "../../lib/sync/recorder.ts";
export { Mark, sharedNow } from "../../lib/sync/recorder.ts";

/** A constant, so that the code behind it is none. */
export const isRecording = false;

export function startRecording(): void {}
export function recordingBuffer(): undefined {}
export function adoptRecording(): void {}
export function setRecordedThread(): void {}
export function recordName(): void {}
export function recordedName(): undefined {}
export function recordSpan(): undefined {}
export function recordPoint(): void {}
export function entriesSince(): recorder.Entry[] {
  return [];
}

export function recordedNames(): ReadonlyMap<number, string> {
  return new Map();
}

// Tells when the recorder exports something else.
({
  startRecording,
  recordingBuffer,
  adoptRecording,
  setRecordedThread,
  recordName,
  recordedName,
  recordedNames,
  recordSpan,
  recordPoint,
  entriesSince,
}) satisfies Omit<typeof recorder, "Mark" | "sharedNow" | "isRecording">;
