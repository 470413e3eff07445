// The mirror lacks the table that @std/cli/unicode-width reads, so this counts
// by itself: two columns for what East Asian text and emoji take, none for
// marks and controls. Only the newest and oldest scripts differ from @std.

const NONE = /[\p{Mn}\p{Me}\p{Cf}\p{Cc}\u1160-\u11ff]/u;
const NARROW = /[\xad\u4dc0-\u4dff\u{1f1e6}-\u{1f1ff}]/u;
const WIDE =
  /[\p{Emoji_Presentation}\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4c6\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2fb}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]/u;

/** How many columns of a terminal a string takes; strip escape codes first. */
export function unicodeWidth(str: string): number {
  let width = 0;
  for (const char of str) {
    if (NARROW.test(char)) width += 1;
    else if (!NONE.test(char)) width += WIDE.test(char) ? 2 : 1;
  }
  return width;
}
