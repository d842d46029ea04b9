/**
 * Which account attempt `index` calls, by its place in the file. From a number each is called in turn. An account calls one of
 * the others: the next one in the first round through all of them, the one after that in the second, and so on, so that
 * each round calls every account once.
 * @param count accounts of the file; 2 or more where accounts call
 */
export function calledAccount(index: number, count: number, byAccounts: boolean): number {
  if (!byAccounts) return index % count;
  const ahead = 1 + (Math.floor(index / count) % (count - 1));
  return (index + ahead) % count;
}
