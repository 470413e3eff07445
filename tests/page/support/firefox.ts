// A headless Firefox for tests. Playwright can drive no Firefox of Debian's. So it is
// driven by WebDriver BiDi, or by a script of the page that it loads.
//
// In a session of WebDriver BiDi, Firefox 153 tells its debugger of each worker that
// a worker creates, and waits until the debugger knows it. About one in thirty of these
// waits never ends, with nothing but `new Worker()` in the page. Without a session
// there is no such wait. So no session may be there when a lab starts threads.

const PATH = "/usr/bin/firefox-esr";
/** How long to wait for what takes long on a busy machine. */
export const PATIENCE_MS = 300_000;

function isThere(): boolean {
  try {
    return Deno.statSync(PATH).isFile;
  } catch {
    return false;
  }
}

/** Why nothing is tested in Firefox; undefined if it is. */
export const noFirefox: string | undefined = isThere()
  ? undefined
  : `skipped, there is no ${PATH}`;

interface Answer {
  id?: number;
  type: string;
  result?: unknown;
  message?: string;
}

/** Starts a Firefox that loads a page, which nothing else looks at. */
export async function openFirefox(url: string): Promise<AsyncDisposable> {
  const profile = await Deno.makeTempDir();
  const process = start(profile, [url], "null");
  return { [Symbol.asyncDispose]: () => end(process, profile) };
}

function start(
  profile: string,
  args: string[],
  stderr: "null" | "piped",
): Deno.ChildProcess {
  return new Deno.Command(PATH, {
    args: ["--headless", "--no-remote", "--profile", profile, ...args],
    env: { HOME: profile },
    stdin: "null",
    stdout: "null",
    stderr,
  }).spawn();
}

async function end(process: Deno.ChildProcess, profile: string): Promise<void> {
  process.kill("SIGKILL");
  await process.status;
  await Deno.remove(profile, { recursive: true });
}

/** A Firefox with one page, in a session of WebDriver BiDi. */
export class Firefox implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  #last = 0;
  #pending = new Map<number, (answer: Answer) => void>();
  #context = "";

  private constructor(
    process: Deno.ChildProcess,
    profile: string,
    socket: WebSocket,
  ) {
    this.#process = process;
    this.#profile = profile;
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const answer = JSON.parse(data) as Answer;
      if (answer.id === undefined) return;
      this.#pending.get(answer.id)?.(answer);
      this.#pending.delete(answer.id);
    };
  }

  /** Starts one. */
  static async launch(): Promise<Firefox> {
    const profile = await Deno.makeTempDir();
    const args = ["--remote-debugging-port", "0", "about:blank"];
    const process = start(profile, args, "piped");
    const socket = new WebSocket(`${await addressOf(process)}/session`);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    const firefox = new Firefox(process, profile, socket);
    await firefox.#send("session.new", { capabilities: {} });
    const { contexts } = await firefox.#send("browsingContext.getTree", {}) as {
      contexts: { context: string }[];
    };
    firefox.#context = contexts[0].context;
    return firefox;
  }

  /** Goes to an address, and waits until it is loaded. */
  async goto(url: string): Promise<void> {
    const context = this.#context;
    await this.#send("browsingContext.navigate", {
      ...{ context, url, wait: "complete" },
    });
  }

  /** Loads the page again. */
  async reload(): Promise<void> {
    const context = this.#context;
    await this.#send("browsingContext.reload", { context, wait: "complete" });
  }

  /** What an expression comes to in the page, by way of JSON. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.#send("script.evaluate", {
      expression: `Promise.resolve(${expression}).then(JSON.stringify)`,
      target: { context: this.#context },
      awaitPromise: true,
    }) as {
      result?: { value?: string };
      exceptionDetails?: { text: string };
    };
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text);
    const text = result?.value;
    return text === undefined ? undefined : JSON.parse(text);
  }

  /** Waits until an expression is true in the page. */
  async until(expression: string): Promise<void> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      // The page may be loading again.
      if (await this.evaluate(expression).catch(() => false)) return;
      if (performance.now() > giveUpAt) {
        throw new Error(`In vain: ${expression}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async #send(method: string, params: object): Promise<unknown> {
    const id = ++this.#last;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#pending.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params }));
    const answer = await promise;
    if (answer.type === "error") {
      throw new Error(`${method}: ${answer.message}`);
    }
    return answer.result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await end(this.#process, this.#profile);
  }
}

/** Where Firefox says that it listens. */
async function addressOf({ stderr }: Deno.ChildProcess): Promise<string> {
  let text = "";
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  (async () => {
    for await (const part of stderr.pipeThrough(new TextDecoderStream())) {
      text += part;
      const found = /WebDriver BiDi listening on (ws:\S+)/.exec(text);
      if (found !== null) resolve(found[1]);
    }
    reject(new Error(`Firefox has ended: ${text}`));
  })();
  return await promise;
}
