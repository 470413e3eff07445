// Copyright 2026 the lab9 authors. MIT license.

/**
 * The cells that a choice names: `7`, `23-26`, a name, or several of these,
 * separated by commas.
 *
 * @param choice The choice.
 * @param ids The ids of all cells.
 * @returns The ids of the chosen cells, or the part of the choice that names no cell.
 */
export function chosen(
  choice: string,
  ids: string[],
): { ids: string[] } | { unknown: string } {
  const found: string[] = [];
  for (const part of choice.split(",")) {
    const range = /^(\d{1,9})-(\d{1,9})$/.exec(part);
    const isMeant = range === null
      ? (id: string) => id === part
      : (id: string) => Number(id) >= +range[1] && Number(id) <= +range[2];
    const meant = ids.filter(isMeant);
    if (meant.length === 0) return { unknown: part };
    found.push(...meant);
  }
  return { ids: found };
}
