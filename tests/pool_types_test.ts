// What `deno check` says of this file is the test.

import type { Pool, Thread, ThreadOptions } from "../mod.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;

/** Refuses anything but the very type. */
function is<Expected>() {
  return <Actual>(
    _: Actual,
    ..._same: Equal<Actual, Expected> extends true ? [] : [never]
  ): void => {};
}

declare function length(text: string): number;
declare function lengthLater(text: string): Promise<number>;
declare function repeat(text: string, times: number, end?: string): string;
declare function nothing(): void;

/** Never called. */
export async function types(pool: Pool): Promise<void> {
  is<number[]>()(await pool.map(length, ["a"]));
  is<number[]>()(await pool.map(lengthLater, new Set(["a"])));
  is<string[]>()(await pool.starmap(repeat, [["a", 1], ["b", 2, "!"]]));
  is<number>()(await pool.apply(length, ["a"]));
  is<number>()(await pool.apply(lengthLater, ["a"]));
  is<void>()(await pool.apply(nothing));
  for await (const n of pool.imap(lengthLater, ["a"])) is<number>()(n);
  for await (const n of pool.imapUnordered(length, ["a"])) is<number>()(n);
  for await (const s of pool.starmapUnordered(repeat, [["a", 1]])) {
    is<string>()(s);
  }

  // @ts-expect-error The items are no strings.
  await pool.map(length, [1]);
  // @ts-expect-error The second of the arguments is no number.
  await pool.starmap(repeat, [["a", "b"]]);
  // @ts-expect-error The argument is no string.
  await pool.apply(length, [1]);
  // @ts-expect-error There is one argument too many.
  await pool.apply(length, ["a", "b"]);
  // @ts-expect-error The items are no strings.
  pool.imap(length, [1]);
}

/** Never called. */
export async function threadTypes(
  thread: Thread<typeof lengthLater>,
): Promise<void> {
  is<number>()(await thread.join());
  is<number>()(thread.joinSync());
  is<number | undefined>()(thread.result);
  // @ts-expect-error The argument is no string.
  const _options: ThreadOptions<typeof length> = { args: [1] };
}

Deno.test("Pool and Thread infer their types", () => {
  // `deno check` has seen the above.
});
