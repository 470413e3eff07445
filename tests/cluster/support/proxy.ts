/** A cable to a port of this machine, that can be cut. */
export class Proxy implements Disposable {
  #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  #target: number;
  #connections = new Set<Deno.Conn>();
  #isCut = false;

  constructor(target: number) {
    this.#target = target;
    this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  cut(): void {
    this.#isCut = true;
    for (const connection of this.#connections) close(connection);
    this.#connections.clear();
  }

  mend(): void {
    this.#isCut = false;
  }

  [Symbol.dispose](): void {
    this.cut();
    this.#listener.close();
  }

  async #accept(): Promise<void> {
    for await (const from of this.#listener) {
      if (this.#isCut) close(from);
      else this.#forward(from);
    }
  }

  async #forward(from: Deno.Conn): Promise<void> {
    try {
      const to = await Deno.connect({
        hostname: "127.0.0.1",
        port: this.#target,
      });
      if (this.#isCut) return close(to);
      this.#connections.add(from).add(to);
      await Promise.allSettled([
        from.readable.pipeTo(to.writable),
        to.readable.pipeTo(from.writable),
      ]);
      this.#connections.delete(from);
      this.#connections.delete(to);
    } finally {
      close(from);
    }
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed.
  }
}
