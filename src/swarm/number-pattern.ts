/** A number pattern that cannot be read. */
export class PatternError extends Error {}

type Piece =
  | { kind: 'text'; text: string }
  | { kind: 'range'; from: number; size: number; width: number }
  | { kind: 'variable'; name: string };

/**
 * Numbers by a pattern: `+4930[0000-9999]` counts up with each attempt and starts anew at its end, leading zeros kept;
 * `{name}` takes a variable, such as a CSV column. Several ranges count like the digits of an odometer, the last fastest.
 */
export class NumberPattern {
  private readonly pieces: Piece[] = [];
  /** Variables that the pattern names. */
  readonly variables: string[] = [];

  constructor(readonly pattern: string) {
    const token = /\[([^\]]*)\]|\{([^}]*)\}|([^[{]+)|([[{])/g;
    for (const match of pattern.matchAll(token)) {
      if (match[1] !== undefined) this.pieces.push(range(match[1]));
      else if (match[2] !== undefined) {
        if (!/^[A-Za-z_][\w-]*$/.test(match[2])) throw new PatternError(`{${match[2]}} is no variable name`);
        this.pieces.push({ kind: 'variable', name: match[2] });
        this.variables.push(match[2]);
      } else if (match[4] !== undefined) throw new PatternError(`${match[4]} is never closed`);
      else this.pieces.push({ kind: 'text', text: match[3] });
    }
  }

  /**
   * The number of attempt `n`; a variable that is missing is empty.
   * @param recorded stands in place of a pattern that takes no variables
   */
  at(n: number, variables: Readonly<Record<string, string>> = {}, recorded?: string): string {
    if (recorded !== undefined && this.variables.length === 0) return recorded;
    let rest = n;
    let text = '';
    for (let i = this.pieces.length - 1; i >= 0; i--) {
      const piece = this.pieces[i];
      switch (piece.kind) {
        case 'text':
          text = piece.text + text;
          break;
        case 'range':
          text = String(piece.from + (rest % piece.size)).padStart(piece.width, '0') + text;
          rest = Math.floor(rest / piece.size);
          break;
        case 'variable':
          text = (variables[piece.name] ?? '') + text;
          break;
        default:
          piece satisfies never;
      }
    }
    return text;
  }
}

function range(text: string): Piece {
  const match = /^(\d+)-(\d+)$/.exec(text);
  if (!match) throw new PatternError(`[${text}] is no range such as [0000-9999]`);
  const from = Number(match[1]);
  const to = Number(match[2]);
  if (to < from) throw new PatternError(`[${text}] descends`);
  if (!Number.isSafeInteger(to)) throw new PatternError(`[${text}] is too large`);
  return { kind: 'range', from, size: to - from + 1, width: match[1].length };
}
