/** What it exports could be cloned, but the module can't be. */
export const number = 1;
