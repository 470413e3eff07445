export interface FormatOptions {
  style?: "narrow" | "full" | "digital";
  ignoreZero?: boolean;
}

export function format(ms: number, options?: FormatOptions): string;
