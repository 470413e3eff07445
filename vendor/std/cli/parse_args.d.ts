// The part of @std/cli/parse-args that this project uses: no dotted names.

type Names<T> = Extract<T, string>;

type AliasOf<K, A> = K extends keyof A
  ? A[K] extends string | readonly string[]
    ? A[K] extends readonly (infer N extends string)[] ? N : A[K] & string
  : never
  : never;

type Single<K, B, S, N, D> =
  | (K extends S ? string : K extends B ? boolean : unknown)
  | (K extends N ? false : never)
  | (K extends keyof D ? D[K] : K extends B ? never : undefined);

type Value<K, B, S, C, N, D> = K extends C
  ? (K extends S ? string : K extends B ? boolean : unknown)[]
  : Single<K, B, S, N, D>;

type Values<B, S, C, N, D, A> = {
  [K in Names<B | S | C | keyof D> as K | AliasOf<K, A>]: Value<
    K,
    B,
    S,
    C,
    N,
    D
  >;
};

/** What was on the command line, by option; `_` holds the rest. */
export type Args<
  // deno-lint-ignore no-explicit-any
  TArgs extends Record<string, unknown> = Record<string, any>,
  TDoubleDash extends boolean | undefined = undefined,
> =
  & TArgs
  & { _: Array<string | number> }
  & (TDoubleDash extends true ? { "--": string[] } : Record<never, never>);

export interface ParseOptions<
  B extends string | boolean = string | boolean,
  S extends string = string,
  C extends string = string,
  N extends string = string,
  D extends Record<string, unknown> = Record<string, unknown>,
  A extends Record<string, string | readonly string[]> = Record<
    string,
    string | readonly string[]
  >,
  TDoubleDash extends boolean | undefined = boolean | undefined,
> {
  "--"?: TDoubleDash;
  alias?: A;
  boolean?: B | readonly Names<B>[];
  collect?: C | readonly C[];
  default?: D;
  negatable?: N | readonly N[];
  stopEarly?: boolean;
  string?: S | readonly S[];
  /** Called with what no option claims; `false` leaves it out. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

export function parseArgs<
  B extends string | boolean = never,
  S extends string = never,
  C extends string = never,
  N extends string = never,
  D extends Record<string, unknown> = Record<never, never>,
  const A extends Record<string, string | readonly string[]> = Record<
    never,
    never
  >,
  TDoubleDash extends boolean | undefined = undefined,
>(
  args: readonly string[],
  options?: ParseOptions<B, S, C, N, D, A, TDoubleDash>,
): Args<
  [B | S | C] extends [never]
    // deno-lint-ignore no-explicit-any
    ? Record<string, any>
    : Record<string, unknown> & Values<B, S, C, N, D, A>,
  TDoubleDash
>;
