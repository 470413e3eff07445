/** Awaits what another thread brings about. */
export async function until(is: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 60_000;
  while (!is()) {
    if (performance.now() > giveUpAt) throw new Error(`In vain: ${is}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
