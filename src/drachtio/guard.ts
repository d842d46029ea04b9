/**
 * Wraps a callback that is handed to srf: what it throws, or what its promise is rejected with, goes to `onThrow`.
 * Without it srf would take the throw for a broken connection and end it, and every call with it.
 */
export function guard<A extends unknown[]>(
  callback: (...args: A) => unknown,
  onThrow: (error: unknown, ...args: A) => void,
): (...args: A) => void {
  return (...args) => {
    try {
      const result = callback(...args);
      if (result instanceof Promise) result.catch((error: unknown) => onThrow(error, ...args));
    } catch (error) {
      onThrow(error, ...args);
    }
  };
}
