// Copyright 2026 the lab9 authors. MIT license.

/** The error for a wrong value. Its message has the path of the value: `cells[3].seconds`. */
export class SchemaError extends Error {
  /**
   * @param path The path, from the root.
   * @param expected The value that is expected there, in words.
   * @param found The value there.
   */
  constructor(path: string, expected: string, found: unknown) {
    const place = path === "" ? "it" : path;
    super(`${place} must be ${expected}, found ${show(found)}`);
  }
}

/** Checks a value. It throws a {@linkcode SchemaError} if the value is wrong. */
export type Check = (value: unknown, path: string) => void;

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}

/** Checks that a condition holds for a value. */
export function value(
  expected: string,
  holds: (value: unknown) => boolean,
): Check {
  return (value, path) => {
    if (!holds(value)) throw new SchemaError(path, expected, value);
  };
}

/** Checks a list, each of whose items passes a check. */
export function list(item: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) throw new SchemaError(path, "a list", value);
    value.forEach((each, i) => item(each, `${path}[${i}]`));
  };
}

/** Checks that a value is null or passes a check. */
export function nullable(check: Check): Check {
  return (value, path) => {
    if (value !== null) check(value, path);
  };
}

/** Checks an object: its required fields, its optional fields, and that it has no others. */
export function object(
  required: Record<string, Check>,
  optional: Record<string, Check> = {},
): Check {
  const names = [...Object.keys(required), ...Object.keys(optional)];
  return (value, path) => {
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      throw new SchemaError(path, "an object", value);
    }
    const fields = value as Record<string, unknown>;
    const inside = (name: string) => path === "" ? name : `${path}.${name}`;
    for (const name of Object.keys(fields)) {
      if (names.includes(name)) continue;
      throw new SchemaError(
        inside(name),
        `left out: the fields are ${names.join(", ")}`,
        fields[name],
      );
    }
    for (const [name, check] of Object.entries(required)) {
      check(fields[name], inside(name));
    }
    for (const [name, check] of Object.entries(optional)) {
      if (Object.hasOwn(fields, name)) check(fields[name], inside(name));
    }
  };
}
