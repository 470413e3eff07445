// Copyright 2026 the lab9 authors. MIT license.

/** The error for a mistake in the command line or in a record. No lab is run. */
export class UsageError extends Error {}
