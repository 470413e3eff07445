// What replaces `Atomics` and the clocks, for the explorer's workers. As an entry of
// the bundle it has none of the library in its file, which would run before it.
export * from "../../../lib/explore/instrument.ts";
