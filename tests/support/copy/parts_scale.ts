export const SCALE = 10;
