// Copyright 2026 the lab9 authors. MIT license.

/** A mistake in the command line, or in the record: nothing is run. */
export class UsageError extends Error {}
