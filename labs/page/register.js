// Copyright 2026 the lab9 authors. MIT license.

// Has the service worker answer for the host, once it is there.

const { serviceWorker } = navigator;
if (serviceWorker !== undefined) {
  await serviceWorker.register("service_worker.js");
  await serviceWorker.ready;
  // The headers come with the next load. One that doesn't help isn't tried again.
  if (!crossOriginIsolated && sessionStorage.getItem("reloaded") === null) {
    sessionStorage.setItem("reloaded", "yes");
    location.reload();
  }
}
