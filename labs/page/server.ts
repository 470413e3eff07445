// Copyright 2026 the lab9 authors. MIT license.

import { ISOLATION, type PageFiles } from "./build.ts";

/** A file as it is sent. */
interface Sent {
  headers: Record<string, string>;
  plain: Uint8Array<ArrayBuffer>;
  gzipped: Uint8Array<ArrayBuffer>;
}

/**
 * Answers requests for the page's files, and for nothing else: it looks in no
 * folder.
 *
 * @param files The files.
 * @returns What to give `Deno.serve`.
 */
export async function handlerFor(
  files: PageFiles,
): Promise<(request: Request) => Response> {
  const sent = new Map<string, Sent>();
  for (const [path, { type, bytes }] of files) {
    const headers = {
      ...ISOLATION,
      "content-type": type,
      "cache-control": "no-cache",
      "referrer-policy": "no-referrer",
      "vary": "accept-encoding",
      "x-content-type-options": "nosniff",
    };
    const gzipped = await gzip(bytes);
    sent.set(`/${path}`, { headers, plain: bytes, gzipped });
  }
  sent.set("/", sent.get("/index.html")!);
  return (request) => answer(request, sent);
}

function answer(request: Request, sent: Map<string, Sent>): Response {
  const { pathname } = new URL(request.url);
  if (request.method !== "GET" && request.method !== "HEAD") {
    return refusal(405, `Cannot ${request.method}: only GET and HEAD`, {
      allow: "GET, HEAD",
    });
  }
  const found = sent.get(pathname);
  if (found === undefined) {
    return refusal(404, `Cannot find ${pathname}: the page is at /`);
  }
  const accepted = request.headers.get("accept-encoding") ?? "";
  const isGzipped = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(accepted);
  const body = isGzipped ? found.gzipped : found.plain;
  const headers = {
    ...found.headers,
    "content-length": `${body.length}`,
    ...isGzipped ? { "content-encoding": "gzip" } : {},
  };
  return new Response(request.method === "HEAD" ? null : body, { headers });
}

function refusal(
  status: number,
  text: string,
  headers: Record<string, string> = {},
): Response {
  return new Response(`${text}\n`, {
    status,
    headers: {
      ...ISOLATION,
      ...headers,
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
    },
  });
}

/** Compresses bytes as they are sent. */
export async function gzip(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
