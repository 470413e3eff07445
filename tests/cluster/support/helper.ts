/** A part of what the functions compute. */
export function helper(x: number): number {
  return x;
}
