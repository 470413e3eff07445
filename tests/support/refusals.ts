/** What structured clone refuses, and what throws while it is being read. */
export const refusals: Record<string, () => unknown> = {
  function: () => () => 1,
  class: () => class {},
  symbol: () => Symbol("s"),
  boxedSymbol: () => Object(Symbol("s")),
  weakMap: () => new WeakMap(),
  weakSet: () => new WeakSet(),
  weakRef: () => new WeakRef({}),
  promise: () => Promise.resolve(1),
  proxy: () => new Proxy({}, {}),
  proxyOfArray: () => new Proxy([], {}),
  proxyOfMap: () => new Proxy(new Map(), {}),
  hostileProxy: () =>
    new Proxy({}, {
      getPrototypeOf() {
        throw new EvalError("from a proxy");
      },
      has() {
        throw new EvalError("from a proxy");
      },
      ownKeys() {
        throw new EvalError("from a proxy");
      },
    }),
  revokedProxy: () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  revokedProxyOfArray: () => {
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    return proxy;
  },
  arguments: () =>
    (function (..._: number[]) {
      return arguments;
    })(1),
  generator: () => (function* () {})(),
  arrayIterator: () => [1].values(),
  iteratorHelper: () => [1].values().map((x) => x),
  intl: () => new Intl.NumberFormat(),
  temporal: () => Temporal.Now.instant(),
  memory: () => new WebAssembly.Memory({ initial: 0 }),
  registry: () => new FinalizationRegistry(() => {}),
  disposables: () => new DisposableStack(),
  detached: () => detached().buffer,
  detachedView: () => detached(),
  outOfBounds: () => outOfBounds(Uint8Array),
  outOfBoundsDataView: () => outOfBounds(DataView),
  throwingGetter: () => ({
    get property() {
      throw new EvalError("from a getter");
    },
  }),
  throwingGetterInArray: () =>
    Object.defineProperty([1, 2], 1, {
      enumerable: true,
      get() {
        throw new EvalError("from a getter");
      },
    }),
  symbolName: () => Object.assign(new Error(), { name: Symbol("s") }),
};

function detached(): Uint8Array {
  const view = new Uint8Array(8);
  view.buffer.transfer();
  return view;
}

function outOfBounds(
  View: new (b: ArrayBuffer, o: number, l: number) => ArrayBufferView,
): ArrayBufferView {
  const buffer = new ArrayBuffer(16, { maxByteLength: 32 });
  const view = new View(buffer, 8, 8);
  buffer.resize(4);
  return view;
}
