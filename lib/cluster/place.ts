// Copyright 2026 the lab9 authors. MIT license.

import { checkString } from "../checks.ts";
import { type Engine, openPostgres, openRedis } from "./bullmq.ts";

/** How long a store may take to answer for the first time. */
export const CONNECT_MS = 5000;
/** The pause before a command that has failed is sent again. */
export const RETRY_MS = 500;
/** After so long without an answer, the store is connected anew. */
export const SILENCE_MS = 15_000;

/** The place of a store, and how it is reached. */
export interface Place {
  /** The place in errors, without the user's name and password. */
  text: string;
  /** The URL, and its password as it stands there and decoded. */
  secrets: string[];
  /** Loads BullMQ and the driver. */
  open: () => Promise<Engine>;
}

/**
 * Reads the URL of a store.
 *
 * @throws {TypeError} If the URL is not that of a store.
 */
export function placeOf(action: string, url: string): Place {
  const parsed = parse(action, url);
  const { protocol, host, pathname, password } = parsed;
  const open = engineOf(action, parsed);
  const scheme = protocol.startsWith("redis") ? "redis" : "postgres";
  return {
    text: `${scheme}://${host || "127.0.0.1"}${pathname}`,
    secrets: [url, password, decodeURIComponent(password)]
      .filter((secret) => secret !== ""),
    open,
  };
}

/** Loads BullMQ and a driver. The error holds the first line of the reason. */
export async function load(action: string, place: Place): Promise<Engine> {
  try {
    return await place.open();
  } catch (error) {
    const [reason] = String((error as Error)?.message ?? error).split("\n");
    const hint = reason.includes("lockfile")
      ? "; a checkout of this library has them in labs/cluster/deno.json"
      : "";
    throw new Error(
      `Cannot ${action}: BullMQ and its driver can't be loaded: ${reason}${hint}`,
      { cause: error },
    );
  }
}

function parse(action: string, url: unknown): URL {
  checkString(action, "the URL", url);
  const parsed = URL.parse(url);
  if (parsed !== null && isDecodable(parsed)) return parsed;
  // The URL may hold a password, so it isn't shown.
  throw new TypeError(`Cannot ${action}: the URL of its store is not valid`);
}

/** Whether each percent sign in the user's name and password is part of a code. */
function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username);
    decodeURIComponent(password);
    return true;
  } catch {
    return false;
  }
}

function engineOf(action: string, url: URL): () => Promise<Engine> {
  switch (url.protocol) {
    case "redis:":
    case "rediss:":
      return () => openRedis(redisOptions(url));
    case "postgres:":
    case "postgresql:":
      return () => openPostgres(postgresOptions(url));
    default:
      throw new TypeError(
        `Cannot ${action}: the URL must begin with redis://, rediss:// or ` +
          `postgres://, received ${url.protocol}//`,
      );
  }
}

function postgresOptions({ href }: URL): object {
  return {
    connectionString: href,
    migrate: true,
    max: 4,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: SILENCE_MS,
  };
}

function redisOptions(url: URL): object {
  const { hostname, port, username, password, pathname, protocol } = url;
  return {
    host: hostname.replace(/^\[|\]$/g, "") || "127.0.0.1",
    port: Number(port || 6379),
    username: decodeURIComponent(username) || undefined,
    password: decodeURIComponent(password) || undefined,
    db: Number(pathname.slice(1) || 0),
    tls: protocol === "rediss:" ? {} : undefined,
    maxRetriesPerRequest: null,
    retryStrategy: () => RETRY_MS,
    keepAlive: SILENCE_MS,
  };
}
