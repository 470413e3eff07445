// Copyright 2026 the lab9 authors. MIT license.

/** How many bits the place of a text has. */
const PLACE_BITS = 11;
const PLACES = 1 << PLACE_BITS;
/** The longest text that is kept. Longer texts seldom come again. */
const LONGEST = 32;
/** A large odd number: multiplication by it mixes the bits of a hash. */
const MIXER = 0x85ebca6b;

/**
 * The short texts that this thread has read last, because keys and words come again and
 * again. Their bytes are kept, too: four bytes are hashed and compared at once, but the
 * characters of a string only one by one.
 */
const texts: string[] = new Array(PLACES).fill("");
const known = new Uint8Array(PLACES * LONGEST);
const knownView = new DataView(known.buffer);

/** Reads a text with one byte for each character. The view is of the same bytes. */
export function readText(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  length: number,
): string {
  if (length > LONGEST) return latin1(bytes, start, length);
  const end = start + length;
  let at = start;
  let hash = length;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), MIXER);
    hash ^= hash >>> 16;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ bytes[at], MIXER);
  const place = Math.imul(hash, MIXER) >>> (32 - PLACE_BITS);
  const text = texts[place];
  const first = place * LONGEST;
  if (text.length === length && isKnown(bytes, view, start, length, first)) {
    return text;
  }
  const read = latin1(bytes, start, length);
  // No calls from here on. Near the end of the stack a call may throw, and then the
  // bytes would not be those of the text.
  for (let i = 0; i < length; i++) known[first + i] = bytes[start + i];
  return texts[place] = read;
}

/** Whether the bytes are equal to the known ones from `first` on. */
function isKnown(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  length: number,
  first: number,
): boolean {
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    const word = view.getInt32(start + i, true);
    if (word !== knownView.getInt32(first + i, true)) return false;
  }
  for (; i < length; i++) {
    if (bytes[start + i] !== known[first + i]) return false;
  }
  return true;
}

function latin1(bytes: Uint8Array, start: number, length: number): string {
  return String.fromCharCode.apply(
    null,
    bytes.subarray(start, start + length) as unknown as number[],
  );
}
