/**
 * A module as it is built, which is what the threads of a run are started from. Its types are those of its source, so that
 * types can be checked where nothing is built.
 */
export function built<T>(module: string): Promise<T> {
  return import(new URL(`../../dist/${module}`, import.meta.url).href) as Promise<T>;
}
