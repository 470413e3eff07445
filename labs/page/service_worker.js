// Copyright 2026 the lab9 authors. MIT license.

// Keeps the page's files, and gives them out with the headers that shared memory
// needs: a host of static files may not set any. FILES, VERSION and HEADERS are
// written above by site.ts.

const KEPT = `lab9-${VERSION}`;

async function keep() {
  const cache = await caches.open(KEPT);
  await cache.addAll(
    FILES.map((file) => new Request(file, { cache: "reload" })),
  );
  await self.skipWaiting();
}

async function takeOver() {
  for (const name of await caches.keys()) {
    if (name.startsWith("lab9-") && name !== KEPT) await caches.delete(name);
  }
  await self.clients.claim();
}

async function answer(request) {
  const cache = await caches.open(KEPT);
  const isPage = request.mode === "navigate";
  const found = await cache.match(isPage ? "index.html" : request, {
    ignoreSearch: true,
  }) ?? await fetch(request);
  const headers = new Headers(found.headers);
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  return new Response(found.body, { status: found.status, headers });
}

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (!request.url.startsWith(self.registration.scope)) return;
  event.respondWith(answer(request));
});
