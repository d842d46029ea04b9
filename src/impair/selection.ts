import type { Selection } from './impairment-spec.js';

/** What a call is chosen by. */
export interface SelectedBy {
  /** Its place among the calls of the run, from 0 on. */
  id: number;
  from: string;
  to: string;
  trunk: string;
}

/** Whether a call is among those that are impaired: all are, without a selection. */
export function isSelected(selection: Selection | undefined, call: SelectedBy): boolean {
  if (selection === undefined) return true;
  const { share, every, from, to, trunk } = selection;
  if (share !== undefined && Math.floor((call.id + 1) * share) === Math.floor(call.id * share)) return false;
  if (every !== undefined && call.id % every !== 0) return false;
  return isLike(call.from, from) && isLike(call.to, to) && isLike(call.trunk, trunk);
}

function isLike(text: string, pattern: string | undefined): boolean {
  if (pattern === undefined) return true;
  const expression = pattern.replace(/[.*+?^${}()|[\]\\]/g, (character) =>
    character === '*' ? '.*' : character === '?' ? '.' : `\\${character}`,
  );
  return new RegExp(`^${expression}$`, 's').test(text);
}
