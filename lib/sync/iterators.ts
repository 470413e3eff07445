// Copyright 2026 the lab9 authors. MIT license.

/**
 * Has `return()` end the wait that the iterator of an async generator is in. The
 * generator's own `return()` would wait until that is over: for an item that nobody will
 * see then, or that never comes.
 *
 * @param iterator The iterator.
 * @param endWait Ends the wait. The generator must then end, too.
 * @returns The iterator.
 */
export function endingWaitOnReturn<T>(
  iterator: AsyncGenerator<T, void, undefined>,
  endWait: () => void,
): AsyncGenerator<T, void, undefined> {
  const end = iterator.return.bind(iterator);
  iterator.return = (value) => {
    endWait();
    return end(value);
  };
  return iterator;
}
