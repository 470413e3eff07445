/** Arbitrary recipes for values, and how properties are checked with them. */

import fc from "fast-check";
import { refusals } from "../support/refusals.ts";
import {
  clonedErrorBases,
  clonedErrorOddities,
  objectBases,
  type Property,
  type Prototype,
  prototypes,
  type Recipe,
  viewBases,
} from "../support/values.ts";

/** Of latin1, of all of Unicode, with lone surrogates; short and long. */
const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary-ascii" }),
  fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)) }),
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom(
      "a",
      "ÿ",
      "Ā",
      "€",
      "😀",
      "\ud800",
      "\udc00",
      "\ufeff",
    ),
  }),
  // A single wide character, at the very end, decides as well.
  fc.record({
    unit: fc.constantFrom("a", "é", "€", "😀"),
    length: fc.constantFrom(31, 32, 33, 254, 255, 256, 257, 5000),
    end: fc.constantFrom("", "a", "ÿ", "Ā", "\udc00"),
  }).map(({ unit, length, end }) => unit.repeat(length) + end),
);

const bigint = fc.oneof(
  fc.bigInt(),
  fc.record({
    bits: fc.constantFrom(62, 63, 64, 65, 127, 500, 5000),
    beside: fc.constantFrom(-1n, 0n, 1n),
    isNegative: fc.boolean(),
  }).map(({ bits, beside, isNegative }) => {
    const near = (1n << BigInt(bits)) + beside;
    return isNegative ? -near : near;
  }),
);

const number = fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger());

const primitive = fc.oneof(
  fc.constantFrom(undefined, null, true, false, -0, NaN, 2 ** 31, 2 ** 32),
  number,
  bigint,
  text,
);

const prototype: fc.Arbitrary<Prototype> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Prototype>("own") },
  fc.constantFrom(...Object.keys(prototypes) as Prototype[]),
);

const room = fc.option(fc.nat(24), { nil: undefined });
const key = fc.oneof(
  fc.constantFrom("a", "b", "0", "1", "-1", "4294967295", "constructor"),
  fc.constantFrom("__proto__", "length", "toString", "stack", "", "then"),
  text,
);

/** Values of every kind; `refused` says whether also those that are refused. */
function recipes(refused: boolean): fc.Arbitrary<Recipe> {
  return fc.letrec<{ value: Recipe; property: Property }>((tie) => ({
    property: fc.record({
      key,
      form: fc.oneof(
        { weight: 4, arbitrary: fc.constant("plain" as const) },
        fc.constantFrom("hidden", "frozen", "getter", "symbol", "deleter"),
      ),
      value: tie("value"),
    }),
    value: fc.oneof(
      { maxDepth: 5, depthSize: "small", withCrossShrink: true },
      is("primitive", { value: primitive }),
      is("known", { index: fc.nat(50) }),
      is("date", {
        time: fc.oneof(number, fc.constantFrom(NaN, 8.64e15, -8.64e15)),
        prototype,
      }),
      is("regexp", {
        source: fc.constantFrom("", "a/b", "[^]\\n", "(?<x>é)", "\n", "/", "€"),
        flags: fc.constantFrom("", "g", "giu", "dsy", "v", "m"),
        lastIndex: fc.nat(3),
        prototype,
      }),
      is("boxed", {
        value: primitive.filter((value) => value != null),
        prototype,
      }),
      is("exception", {
        name: fc.oneof(fc.constantFrom("AbortError", "TimeoutError"), text),
        message: text,
      }),
      is("buffer", {
        bytes: fc.array(fc.nat(255), { maxLength: 40 }),
        room,
      }),
      is("view", {
        base: fc.constantFrom(...viewBases),
        buffer: fc.option(fc.nat(9), { nil: undefined }),
        size: fc.nat(40),
        room,
        offset: fc.nat(9),
        length: fc.option(fc.nat(9), { nil: undefined }),
      }),
      ...(refused
        ? [is("refused", { what: fc.constantFrom(...Object.keys(refusals)) })]
        : []),
      is("object", {
        base: fc.constantFrom(...objectBases),
        properties: fc.array(tie("property")),
      }),
      is("array", {
        items: fc.oneof(
          fc.array(is("primitive", { value: number })),
          fc.array(fc.oneof(
            { weight: 5, arbitrary: tie("value") },
            fc.constant("hole" as const),
          )),
        ),
        properties: fc.oneof(
          { weight: 3, arbitrary: fc.constant([]) },
          fc.array(tie("property"), { maxLength: 2 }),
        ),
        isSubclass: fc.boolean(),
      }),
      is("map", {
        entries: fc.array(fc.tuple(tie("value"), tie("value"))),
        prototype,
      }),
      is("set", { members: fc.array(tie("value")), prototype }),
      is("error", {
        base: fc.constantFrom(...clonedErrorBases),
        message: fc.option(text, { nil: undefined }),
        cause: fc.option(tie("value"), { nil: undefined }),
        oddity: fc.oneof(
          { weight: 3, arbitrary: fc.constant("none" as const) },
          fc.constantFrom(
            ...clonedErrorOddities.filter((name) =>
              refused || !/^(symbol|name)/.test(name)
            ),
          ),
        ),
      }),
    ) as fc.Arbitrary<Recipe>,
  })).value;
}

function is<K extends Recipe["is"], T>(
  kind: K,
  parts: { [P in keyof T]: fc.Arbitrary<T[P]> },
): fc.Arbitrary<{ is: K } & T> {
  return fc.record({
    is: fc.constant(kind),
    ...parts,
  }) as unknown as fc.Arbitrary<{ is: K } & T>;
}

/** What structured clone takes. */
export const cloneable = recipes(false);
/** The same, with things in it that it refuses. */
export const any = recipes(true);

function argument(name: string): string | undefined {
  const found = Deno.args.find((arg) => arg.startsWith(`--${name}=`));
  return found?.slice(name.length + 3);
}

/** Checks a property so many times; what fails can be replayed. */
export async function check<T>(
  property: fc.IAsyncProperty<T> | fc.IProperty<T>,
  numRuns: number,
): Promise<void> {
  const seed = argument("seed");
  const details = await fc.check(property as fc.IAsyncProperty<T>, {
    numRuns,
    ...(seed !== undefined && { seed: Number(seed), path: argument("path") }),
  });
  if (!details.failed) return;
  throw new Error(
    `${fc.defaultReportMessage(details)}\n\nReplay with \`-- --all ` +
      `--seed=${details.seed} --path=${details.counterexamplePath}\``,
    { cause: details.errorInstance },
  );
}
