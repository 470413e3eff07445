import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { displayList, repr } from "../../labs/notebook/python/repr.ts";
import { seededIntegers } from "../../labs/notebook/python/random.ts";
import { trueDivide } from "../../labs/notebook/python/true_division.ts";
// What CPython 3.11 answered; null stands for its OverflowError.
import facts from "../support/true_division.json" with { type: "json" };

/** An integer of exactly `bits` bits, from a seed between 2^25 and 2^26. */
function integer(seed: number, bits: number): bigint {
  if (seed < 0) return -integer(-seed, bits);
  return (1n << BigInt(bits + 25)) / BigInt(seed);
}

function assertQuotient(a: bigint, b: bigint, expected: number | null) {
  if (expected === null) {
    assertThrows(() => trueDivide(a, b), RangeError, "too large for a number");
  } else {
    assertStrictEquals(trueDivide(a, b), expected, `${a} / ${b}`);
  }
}

/** Positive integers divided in the most literal way. */
function divideSlowly(a: bigint, b: bigint): number {
  const excess = a.toString(2).length - b.toString(2).length;
  for (let unit = Math.max(excess - 53, -1074);; unit++) {
    const scaledA = a << BigInt(Math.max(-unit, 0));
    const scaledB = b << BigInt(Math.max(unit, 0));
    let quotient = scaledA / scaledB;
    if (quotient >= 2n ** 53n) continue;
    const twice = 2n * (scaledA - quotient * scaledB);
    const up = quotient % 2n === 1n ? twice >= scaledB : twice > scaledB;
    if (up) quotient++;
    const half = Math.trunc(unit / 2);
    return Number(quotient) * 2 ** half * 2 ** (unit - half);
  }
}

Deno.test("trueDivide() answers as CPython for integers up to 9000 bits", () => {
  type Fact = [number, number, number, number, number | null];
  for (const [seedA, bitsA, seedB, bitsB, quotient] of facts.sized as Fact[]) {
    assertQuotient(integer(seedA, bitsA), integer(seedB, bitsB), quotient);
  }
});

Deno.test("trueDivide() answers as CPython at and around ties", () => {
  type Fact = [string, number, number, number, number, number | null];
  for (const fact of facts.halfway as Fact[]) {
    const [quotient, shift, seed, bits, nudge, expected] = fact;
    const divisor = integer(seed, bits);
    const dividend = (BigInt(quotient) * divisor) << BigInt(Math.max(shift, 0));
    const scaled = divisor << BigInt(Math.max(-shift, 0));
    assertQuotient(dividend + BigInt(nudge), scaled, expected);
  }
});

Deno.test("trueDivide() answers as CPython at the ends of the doubles", () => {
  const huge = 10n ** 400n;
  const overflow = 2n ** 1024n - 2n ** 970n;
  const cases: [bigint, bigint, number | null][] = [
    [0n, -5n, -0],
    [0n, -huge, -0],
    [-huge, -3n * huge, 0.3333333333333333],
    [huge, 1n, null],
    [2n ** 5000n, 2n ** 3976n, null],
    [2n ** 5000n, 2n ** 3977n, 8.98846567431158e+307],
    [overflow, 1n, null],
    [overflow - 1n, 1n, Number.MAX_VALUE],
    [overflow * huge - 1n, huge, Number.MAX_VALUE],
    [overflow * huge, huge, null],
    [1n, 2n ** 1074n, 5e-324],
    [1n, 2n ** 1075n, 0],
    [1n, 2n ** 1075n - 1n, 5e-324],
    [huge + 1n, huge << 1075n, 5e-324],
    [-huge, huge << 1075n, -0],
    [2n ** 53n - 1n, 2n ** 1075n, 2.2250738585072014e-308],
    [2n ** 54n - 1n, 2n ** 1075n, 4.450147717014403e-308],
  ];
  for (const [a, b, quotient] of cases) assertQuotient(a, b, quotient);
});

Deno.test("trueDivide() equals a literal division near 20,000 ties", () => {
  const count = 20_000;
  const draw = (seed: number, low: number, high: number) =>
    seededIntegers(seed, low, high, count);
  const seeds = draw(1, 2 ** 25 + 1, 2 ** 26);
  const sizes = draw(2, 0, 12);
  const bits = draw(3, 1, 2 ** 12);
  const high = draw(4, 0, 2 ** 27);
  const low = draw(5, 0, 2 ** 27);
  const quotientBits = draw(6, 1, 55);
  const shifts = draw(7, -1140, 980);
  const nudges = draw(8, -3, 4);
  for (let i = 0; i < count; i++) {
    const divisor = integer(seeds[i]!, 1 + (bits[i]! >> sizes[i]!));
    const wide = (BigInt(high[i]!) << 27n) + BigInt(low[i]!);
    const odd = BigInt.asUintN(quotientBits[i]!, wide) | 1n;
    const shift = shifts[i]!;
    const tie = (odd * divisor) << BigInt(Math.max(shift, 0));
    const a = tie + BigInt(nudges[i]!);
    const b = divisor << BigInt(Math.max(-shift, 0));
    if (a <= 0n) continue;
    const expected = divideSlowly(a, b);
    assertQuotient(a, b, expected === Infinity ? null : expected);
  }
});

Deno.test("trueDivide() gets every power of two exactly", () => {
  let power = 5e-324;
  for (let exponent = -1074; exponent < 1024; exponent++, power *= 2) {
    assertQuotient(1n << BigInt(2000 + exponent), 1n << 2000n, power);
  }
});

Deno.test("trueDivide() takes bigints, whole numbers and both", () => {
  assertEquals(trueDivide(1, 3), 0.3333333333333333);
  assertEquals(trueDivide(1, 3n), 0.3333333333333333);
  assertEquals(trueDivide(2n ** 60n, 3), 384307168202282300);
  assertEquals(trueDivide(1e300, 10n ** 300n), 1);
  assertStrictEquals(trueDivide(-0, 7), 0);
});

Deno.test("trueDivide() refuses what Python can't divide", () => {
  const large = "the quotient is too large for a number";
  const cases: [unknown, unknown, string][] = [
    [1, 0, "1 by 0: the divisor must not be zero"],
    [7n, -0, "7 by 0: the divisor must not be zero"],
    [3n ** 1300n, 3, `an integer of about 2061 bits by 3: ${large}`],
    [1.5, 2, "1.5 by 2: the dividend must be an integer"],
    [2n, NaN, "2 by NaN: the divisor must be an integer"],
    [-Infinity, 2n, "-Infinity by 2: the dividend must be an integer"],
  ];
  for (const [a, b, message] of cases) {
    const divide = () => trueDivide(a as bigint, b as bigint);
    assertThrows(divide, RangeError, `Cannot divide ${message}`);
  }
  for (const operand of ["4", null, undefined, true, [1], {}] as unknown[]) {
    const divide = () => trueDivide(operand as bigint, 2);
    assertThrows(divide, TypeError, "by 2: the dividend must be an integer");
    const divideBy = () => trueDivide(2n, operand as bigint);
    assertThrows(divideBy, TypeError, "the divisor must be an integer");
  }
});

Deno.test("trueDivide() sums a Taylor series to what Python has", () => {
  function taylorExp(x: number, n = 1000): number {
    const factorials = [1n];
    for (let i = 1; i <= n; i++) {
      factorials.push(factorials.at(-1)! * BigInt(i));
    }
    let sum = 0;
    for (let i = 0; i < n; i++) {
      sum += trueDivide(BigInt(x) ** BigInt(i), factorials[i]!);
    }
    return sum;
  }
  assertEquals(
    displayList([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((x) => taylorExp(x))),
    `[1.0,
 2.7182818284590455,
 7.389056098930649,
 20.08553692318766,
 54.598150033144265,
 148.41315910257657,
 403.4287934927351,
 1096.6331584284578,
 2980.957987041728,
 8103.083927575384]`,
  );
});

Deno.test("repr() prints numbers as floats and bigints as ints", () => {
  const near16 = [9999999999999998, 1e16, -1.5e16, 123456789012345680000];
  const near0 = [0.0001, 0.00001, 0.0000123, 2 ** -44, 5e-324, 0, -0];
  assertEquals(
    repr([1, -2.5, 0.1 + 0.2, 1e100, NaN, Infinity, -Infinity]),
    "[1.0, -2.5, 0.30000000000000004, 1e+100, nan, inf, -inf]",
  );
  assertEquals(
    repr(near16),
    "[9999999999999998.0, 1e+16, -1.5e+16, 1.2345678901234568e+20]",
  );
  assertEquals(
    repr(near0),
    "[0.0001, 1e-05, 1.23e-05, 5.684341886080802e-14, 5e-324, 0.0, -0.0]",
  );
  assertEquals(repr([10n ** 20n, -1n]), "[100000000000000000000, -1]");
});

Deno.test("repr() quotes and escapes strings", () => {
  const raw = String.raw;
  const strings: [string, string][] = [
    ["", "''"],
    ["it's", `"it's"`],
    ['say "hi"', `'say "hi"'`],
    [`it's "both"`, raw`'it\'s "both"'`],
    ["back\\slash", raw`'back\\slash'`],
    ["tab\tnew\nret\r", raw`'tab\tnew\nret\r'`],
    ["\x00\x1f\x7f\x80\xa0\xad", raw`'\x00\x1f\x7f\x80\xa0\xad'`],
    ["\u200b\u2028\ufeff", raw`'\u200b\u2028\ufeff'`],
    ["a b, café 😀", "'a b, café 😀'"],
    ["\ud800", raw`'\ud800'`],
    ["\u{e0001}\u{10ffff}", raw`'\U000e0001\U0010ffff'`],
  ];
  for (const [value, text] of strings) assertEquals(repr(value), text);
});

Deno.test("repr() prints lists, None, booleans and other objects", () => {
  assertEquals(
    repr([true, false, null, undefined]),
    "[True, False, None, None]",
  );
  assertEquals(repr([1, [2n, ["a", []]]]), "[1.0, [2, ['a', []]]]");
  assertEquals(repr(Array(2)), "[None, None]");
  assertEquals(repr({ toString: () => "<Thread(1)>" }), "<Thread(1)>");
  const loop: unknown[] = [1n];
  loop.push(loop, [loop]);
  assertEquals(repr(loop), "[1, [...], [[...]]]");
  let deep: unknown[] = [loop];
  for (let depth = 0; depth < 98; depth++) deep = [deep];
  loop.splice(0, 3, deep);
  assertEquals(displayList(loop), `${"[".repeat(100)}[...]${"]".repeat(100)}`);
});

Deno.test("displayList() keeps a line of up to 79 columns", () => {
  const x = (count: number) => "x".repeat(count);
  const lineCount = (values: unknown[], limit = 1000) =>
    displayList(values, { limit }).split("\n").length;
  assertEquals(displayList([]), "[]");
  assertEquals(lineCount([x(35), x(36)]), 1);
  assertEquals(lineCount([x(35), x(37)]), 2);
  assertEquals(lineCount([x(200)]), 1);
  assertEquals(lineCount(["😀".repeat(35), x(36)]), 1);
  assertEquals(lineCount([[x(35), x(34)], 1n, 1n]), 3);
  assertEquals(lineCount([[x(35), x(35)], 1n, 1n]), 4);
  assertEquals(lineCount([1n, 1n, [x(35), x(34)]]), 3);
  assertEquals(lineCount([1n, 1n, [x(35), x(35)]]), 4);
  assertEquals(lineCount([1n, [[x(35), x(32)]]]), 2);
  assertEquals(lineCount([1n, [[x(35), x(33)]]]), 3);
  assertEquals(lineCount([1n, [2n, [x(35), x(33)], 3n]], 2), 4);
  assertEquals(
    displayList([[1n], [[x(76), 2n], 3n]]),
    `[[1],\n [['${x(76)}',\n   2],\n  3]]`,
  );
});

Deno.test("displayList() ends past the limit", () => {
  const values = Array(1001).fill(7.38);
  assertEquals(
    displayList(values),
    `[${Array(1000).fill("7.38").join(",\n ")},\n ...]`,
  );
  assertEquals(displayList(values.slice(1)).slice(-12), "7.38,\n 7.38]");
  assertEquals(displayList(values, { limit: 0 }).split("\n").length, 1001);
  assertEquals(displayList([1n, 2n, 3n], { limit: 2 }), "[1, 2, ...]");
  assertEquals(
    displayList([1n, 2n, [4n, 5n, 6n, 7n]], { limit: 3 }),
    "[1, 2, [4, 5, 6, ...]]",
  );
  for (const limit of [-1, 1.5, NaN]) {
    assertThrows(() => displayList([], { limit }), RangeError, `${limit}`);
  }
});

Deno.test("seededIntegers() draws the same integers for a seed", () => {
  // SplitMix32 written once more, in Python.
  assertEquals(seededIntegers(9, 0, 10, 8), [8, 5, 0, 8, 6, 2, 0, 9]);
  assertEquals(seededIntegers(0, 0, 2 ** 32, 2), [2462723854, 1020716019]);
  assertEquals(
    seededIntegers(2 ** 32 - 1, -5, 3e9, 4),
    [920564990, 697614768, 1778835759, 280495154],
  );
  assertEquals(seededIntegers(1, 7, 8, 3), [7, 7, 7]);
  assertEquals(seededIntegers(1, 0, 10, 0), []);
});

Deno.test("seededIntegers() favors none of them", () => {
  // With a remainder alone the lower half would come up twice as often.
  const range = 3 * 2 ** 30;
  const drawn = seededIntegers(3, 0, range, 30_000);
  for (const third of [0, 1, 2]) {
    const count = drawn.filter((n) => Math.floor(n / 2 ** 30) === third).length;
    assertEquals(Math.abs(count - 10_000) < 400, true, `${third}: ${count}`);
  }
});

Deno.test("seededIntegers() refuses arguments out of range", () => {
  const refused: [number, number, number, number, string][] = [
    [-1, 0, 10, 1, "seed -1"],
    [2 ** 32, 0, 10, 1, "seed 4294967296"],
    [1, 0.5, 10, 1, "lower bound 0.5"],
    [1, 10, 10, 1, "upper bound 10: it must be an integer from 11"],
    [1, 0, 2 ** 32 + 1, 1, "upper bound 4294967297"],
    [1, 0, 10, -1, "size -1"],
  ];
  for (const [seed, low, high, size, message] of refused) {
    const draw = () => seededIntegers(seed, low, high, size);
    assertThrows(draw, RangeError, message);
  }
});
