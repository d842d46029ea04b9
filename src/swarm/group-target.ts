import type { TargetSpec } from './group-spec.js';
import { readTarget, type SipTarget } from './target.js';

/** A target of a group, ready to be called. */
export interface GroupTarget extends SipTarget {
  /** Its name in records. */
  trunk: string;
  priority: number;
  weight: number;
}

/** A target by its URI alone, named by it. */
export function plainTarget(uri: string): GroupTarget {
  const target = readTarget(uri)!;
  return { ...target, trunk: `${target.scheme}:${target.host}`, priority: 1, weight: 1 };
}

export function groupTarget({ uri, name, priority, weight }: TargetSpec): GroupTarget {
  const target = plainTarget(uri);
  return { ...target, trunk: name ?? target.trunk, priority, weight };
}
