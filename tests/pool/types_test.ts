// What `deno check` says of this file is the test.

import {
  type ImapOptions,
  type MapOptions,
  type Pool,
  type Thread,
  type ThreadOptions,
  transfer,
} from "../../mod.ts";

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
declare function optional(x?: number): number;
declare function withDefault(x: number, n?: number): string;
declare function rest(...numbers: number[]): number;
declare function same<T>(value: T): T;
declare function pair<A, B>(a: A, b: B): [A, B];
declare function overloaded(x: string): string;
declare function overloaded(x: number): number;
declare function either(x: string | number): boolean;
declare const loose: MapOptions;
declare const signal: AbortSignal;
declare const later: AsyncIterable<string>;
declare const pairs: [string, number][];

/** The items of an iterator. */
type Of<I> = I extends AsyncGenerator<infer T> ? T : never;
declare function itemOf<I>(iterator: I): Of<I>;

/** Never called. */
export async function types(pool: Pool): Promise<void> {
  is<number>()(await pool.apply(length, ["a"]));
  is<number>()(await pool.apply(lengthLater, ["a"], { timeout: 1, signal }));
  is<void>()(await pool.apply(nothing));
  is<void>()(await pool.apply(nothing, [], { timeout: 1 }));
  is<number>()(await pool.apply(optional));
  is<number>()(await pool.apply(optional, [1]));
  is<string>()(await pool.apply(withDefault, [1]));
  is<string>()(await pool.apply(repeat, ["a", 2] as const));
  is<number>()(await pool.apply(rest, [1, 2, 3]));
  is<number>()(await pool.apply(overloaded, [1]));
  is<boolean>()(await pool.apply(either, [1]));

  is<number[]>()(await pool.map(length, ["a"]));
  is<number[]>()(await pool.map(length, "abc"));
  is<number[]>()(await pool.map(length, later));
  is<number[]>()(await pool.map(lengthLater, new Set(["a"])));
  is<string[]>()(await pool.map(withDefault, [1, 2]));
  is<number[]>()(await pool.map(optional, [1, undefined]));
  is<number[]>()(await pool.map(rest, new Float64Array(2)));
  is<string[]>()(await pool.map(same, ["a"]));
  is<number[]>()(await pool.map(overloaded, [1]));
  is<boolean[]>()(await pool.map(either, [1]));
  is<void[]>()(await pool.map(nothing, [1, "a"]));
  is<string[]>()(await pool.starmap(repeat, [["a", 1], ["b", 2, "!"]]));
  is<string[]>()(await pool.starmap(repeat, pairs));
  is<string[]>()(await pool.starmap(repeat, new Map(pairs)));
  is<string[]>()(await pool.starmap(repeat, [["a", 1]] as const));
  is<string[]>()(await pool.starmap(withDefault, [[1], [1, 2]]));
  is<number[]>()(await pool.starmap(rest, [[1], [], [1, 2, 3]]));
  // What such a function makes of its arguments is only known from them.
  is<[unknown, unknown][]>()(await pool.starmap(pair, [[1, "a"]]));

  for await (const n of pool.imap(lengthLater, ["a"])) is<number>()(n);
  for await (const n of pool.imapUnordered(length, later)) is<number>()(n);
  for await (const s of pool.starmapOrdered(repeat, pairs)) is<string>()(s);
  for await (const s of pool.starmapUnordered(repeat, [["a", 1]])) {
    is<string>()(s);
  }
  is<string>()(itemOf(pool.imap(same, ["a"])));
  is<number>()(itemOf(pool.imapUnordered(optional, [1])));
  is<string>()(itemOf(pool.starmapOrdered(withDefault, [[1], [1, 2]])));
}

/** Never called. */
export async function settledTypes(pool: Pool): Promise<void> {
  type Settled<T> = PromiseSettledResult<T>;
  const settled = true;
  is<Settled<number>[]>()(await pool.map(length, ["a"], { settled: true }));
  is<Settled<number>[]>()(await pool.map(lengthLater, later, { settled }));
  is<Settled<string>[]>()(await pool.starmap(repeat, pairs, { settled }));
  is<number[]>()(await pool.map(length, ["a"], { settled: false }));
  is<number[]>()(await pool.map(length, ["a"], { chunkSize: 2, timeout: 1 }));
  is<Settled<string>>()(itemOf(pool.imap(same, ["a"], { settled })));
  is<Settled<number>>()(itemOf(pool.imapUnordered(rest, [1], { settled })));
  is<Settled<string>>()(
    itemOf(pool.starmapOrdered(repeat, pairs, { settled })),
  );
  is<Settled<string>>()(
    itemOf(pool.starmapUnordered(repeat, pairs, { settled, chunkSize: 2 })),
  );
  is<number>()(itemOf(pool.imap(length, later, { settled: false })));
  // What is known only when it runs may be either.
  is<(number | Settled<number>)[]>()(await pool.map(length, ["a"], loose));
  const [first] = await pool.map(length, ["a"], { settled });
  if (first.status === "fulfilled") is<number>()(first.value);
  else first.reason;
}

/** Never called. */
export function optionTypes(pool: Pool): void {
  pool.map(length, ["a"], {
    onProgress(done, total) {
      is<number>()(done);
      is<number>()(total);
    },
  });
  pool.starmap(repeat, pairs, {
    onProgress: (_, total) => is<number>()(total),
  });
  const lazy: ImapOptions<false> = {
    onProgress: (_, total) => is<number | undefined>()(total),
  };
  is<number>()(itemOf(pool.imap(length, later, lazy)));
  is<number>()(itemOf(pool.imapUnordered(length, later, lazy)));
  is<string>()(itemOf(pool.starmapOrdered(repeat, pairs, lazy)));
  is<string>()(itemOf(pool.starmapUnordered(repeat, pairs, lazy)));
}

/** Never called. */
export function transferTypes(pool: Pool): void {
  const array = new Float64Array(1);
  is<Float64Array<ArrayBuffer>>()(transfer(array, [array.buffer]));
  is<{ array: Float64Array<ArrayBuffer> }>()(
    transfer({ array }, [array.buffer] as const),
  );
  is<Promise<Float64Array<ArrayBuffer>[]>>()(
    pool.map(same, [transfer(array, [array.buffer])]),
  );
  // @ts-expect-error An array's buffer is transferable, it itself is not.
  transfer(array, [array]);
  // @ts-expect-error It is a list.
  transfer(array, array.buffer);
}

/** Never called. */
export async function wrongTypes(pool: Pool): Promise<void> {
  // @ts-expect-error The argument is no string.
  await pool.apply(length, [1]);
  // @ts-expect-error There is one argument too many.
  await pool.apply(length, ["a", "b"]);
  // @ts-expect-error An argument is missing.
  await pool.apply(length, []);
  // @ts-expect-error An argument is missing.
  await pool.apply(length);
  // @ts-expect-error It takes none.
  await pool.apply(nothing, [1]);
  // @ts-expect-error A single call has no chunks.
  await pool.apply(length, ["a"], { chunkSize: 1 });
  // @ts-expect-error A single call can be caught.
  await pool.apply(length, ["a"], { settled: true });

  // @ts-expect-error The items are no strings.
  await pool.map(length, [1]);
  // @ts-expect-error Not all items are strings.
  await pool.map(length, ["a", undefined]);
  // @ts-expect-error Numbers aren't iterable.
  await pool.map(length, 5);
  // @ts-expect-error It is called with one argument.
  await pool.map(repeat, ["a"]);
  // @ts-expect-error It is a number.
  await pool.map(length, ["a"], { chunkSize: "2" });
  // @ts-expect-error There is no such option.
  await pool.map(length, ["a"], { chunksize: 2 });
  // @ts-expect-error It is a boolean.
  await pool.map(length, ["a"], { settled: "yes" });

  // @ts-expect-error The second of the arguments is no number.
  await pool.starmap(repeat, [["a", "b"]]);
  // @ts-expect-error The second of the arguments is missing.
  await pool.starmap(repeat, [["a"]]);
  // @ts-expect-error The items are no lists.
  await pool.starmap(length, ["a"]);

  // @ts-expect-error The items are no strings.
  pool.imap(length, [1]);
  // @ts-expect-error The items are no strings.
  pool.imapUnordered(length, [1]);
  // @ts-expect-error The second of the arguments is no number.
  pool.starmapOrdered(repeat, [["a", "b"]]);
  // @ts-expect-error The second of the arguments is no number.
  pool.starmapUnordered(repeat, [["a", "b"]]);
  // @ts-expect-error The total may be unknown.
  pool.imap(length, later, { onProgress: (_, total: number) => total });
  // @ts-expect-error It is a boolean.
  pool.starmapOrdered(repeat, pairs, { settled: 1 });
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
