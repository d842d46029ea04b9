/** What became of the digits that were sent. sent = received + lost; heard = received + duplicated + wrong. */
export interface DigitMatch {
  received: number;
  /** Sent and not heard, also where another digit was heard in its place. */
  lost: number;
  /** Heard once more beside the digit that it repeats. */
  duplicated: number;
  /** Heard and not sent there. */
  wrong: number;
}

/** Aligns what was heard with what was sent so that as many digits as possible match in order. */
export function matchDigits(sent: string, heard: string): DigitMatch {
  const width = heard.length + 1;
  // best[i·width + j]: most matches between the rests sent[i…] and heard[j…].
  const best = new Uint16Array((sent.length + 1) * width);
  for (let i = sent.length - 1; i >= 0; i--) {
    for (let j = heard.length - 1; j >= 0; j--) {
      const skip = Math.max(best[(i + 1) * width + j], best[i * width + j + 1]);
      best[i * width + j] = sent[i] === heard[j] ? Math.max(skip, best[(i + 1) * width + j + 1] + 1) : skip;
    }
  }
  const matched: boolean[] = new Array(heard.length).fill(false);
  for (let i = 0, j = 0; i < sent.length && j < heard.length; ) {
    if (sent[i] === heard[j]) {
      matched[j++] = true;
      i++;
    } else if (best[(i + 1) * width + j] >= best[i * width + j + 1]) i++;
    else j++;
  }
  const received = best[0];
  let duplicated = 0;
  for (let start = 0; start < heard.length; ) {
    let end = start;
    let matches = 0;
    while (end < heard.length && heard[end] === heard[start]) if (matched[end++]) matches++;
    if (matches > 0) duplicated += end - start - matches;
    start = end;
  }
  return { received, lost: sent.length - received, duplicated, wrong: heard.length - received - duplicated };
}
