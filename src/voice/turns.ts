/** When somebody spoke, in ms of the run's clock. */
export interface Span {
  startMs: number;
  endMs: number;
}

/** What is known of a call when it is over. */
export interface Talk {
  answeredMs: number;
  endMs: number;
  /** What we said, and what we heard the far end say; each in order and without overlap. */
  ours: readonly Span[];
  theirs: readonly Span[];
}

export interface TurnLimits {
  /** A pause of the far end that ends its turn. */
  turnEndMs: number;
  /** Silence of both for longer than this, while the far end is expected to speak, is dead air. */
  deadAirMs: number;
}

/** What we said up to so short before the end was cut by it: the end is that of signalling, and speech ends with a packet. */
const CUT_MS = 60;

/** How an utterance of ours was responded to. */
export interface Response {
  /** When our utterance ended. */
  atMs: number;
  /** From then to their first word; `null` without one before we spoke again, or where they spoke already. */
  ms: number | null;
}

/** What callers feel of a conversation. */
export interface TurnReport {
  /** From the answer to the far end's first word; `null` without one, or where we spoke first. */
  ttfwMs: number | null;
  /** One for each utterance of ours that the end of the call did not cut. */
  responses: Response[];
  /** Each stretch of dead air from its beginning. */
  deadAir: { atMs: number; ms: number }[];
  deadAirMs: number;
  /** From the answer to the end. */
  talkMs: number;
  /** Times at which both spoke, and for how long in all. */
  overlaps: number;
  overlapMs: number;
  /** How often they began while we spoke. */
  interruptions: number;
  /** For each time that we began while they spoke: until they stopped; `null` where they did not before the end. */
  bargeInMs: (number | null)[];
}

/**
 * Measures a conversation. All times are those at our end: what we say counts when it is sent, what they say when it is
 * played. So the network and the jitter buffers of both ends are in each figure, as the caller feels it.
 */
export function measureTurns(talk: Talk, limits: TurnLimits): TurnReport {
  const { answeredMs, endMs } = talk;
  const ours = talk.ours.filter((span) => span.endMs > answeredMs);
  // What began before the answer is early media, however long it goes on.
  const heard = talk.theirs.filter((span) => span.startMs >= answeredMs);
  const theirs = turnsOf(heard, ours, limits.turnEndMs);
  const first = theirs[0];
  const isFirst = first !== undefined && (ours.length === 0 || first.startMs < ours[0].startMs);
  const deadAir = deadAirOf(answeredMs, endMs, ours, heard, limits.deadAirMs);
  const shared = overlapsOf(ours, heard);
  return {
    ttfwMs: isFirst ? first.startMs - answeredMs : null,
    responses: ours
      .map((span, i) => ({
        atMs: span.endMs,
        ms: responseTo(span, ours[i + 1]?.startMs ?? Number.POSITIVE_INFINITY, theirs),
      }))
      .filter(({ atMs }) => endMs - atMs > CUT_MS),
    deadAir,
    deadAirMs: deadAir.reduce((sum, { ms }) => sum + ms, 0),
    talkMs: Math.max(0, endMs - answeredMs),
    overlaps: shared.count,
    overlapMs: shared.ms,
    interruptions: theirs.filter((turn) => isWithin(turn.startMs, ours)).length,
    bargeInMs: ours
      .map(({ startMs }) => theirs.find((turn) => turn.startMs < startMs && turn.endMs > startMs))
      .flatMap((turn, i) => {
        if (!turn) return [];
        return [turn.endMs < endMs ? turn.endMs - ours[i].startMs : null];
      }),
  };
}

/** Spans with short pauses between them are one turn, unless we stopped speaking in such a pause: what follows is a response. */
function turnsOf(spans: readonly Span[], ours: readonly Span[], turnEndMs: number): Span[] {
  const turns: Span[] = [];
  for (const span of spans) {
    const turn = turns.at(-1);
    const isOne =
      turn !== undefined &&
      span.startMs - turn.endMs < turnEndMs &&
      !ours.some(({ endMs }) => endMs > turn.endMs && endMs <= span.startMs);
    if (isOne) turn.endMs = span.endMs;
    else turns.push({ ...span });
  }
  return turns;
}

function responseTo(span: Span, nextMs: number, theirs: readonly Span[]): number | null {
  if (theirs.some((turn) => turn.startMs < span.endMs && turn.endMs > span.endMs)) return null;
  const next = theirs.find((turn) => turn.startMs >= span.endMs);
  return next && next.startMs < nextMs ? next.startMs - span.endMs : null;
}

function isWithin(ms: number, spans: readonly Span[]): boolean {
  return spans.some(({ startMs, endMs }) => startMs <= ms && ms < endMs);
}

function overlapsOf(ours: readonly Span[], theirs: readonly Span[]): { count: number; ms: number } {
  const result = { count: 0, ms: 0 };
  for (const our of ours)
    for (const their of theirs) {
      const ms = Math.min(our.endMs, their.endMs) - Math.max(our.startMs, their.startMs);
      if (ms <= 0) continue;
      result.count++;
      result.ms += ms;
    }
  return result;
}

/** Silence after the answer, and after each utterance of ours, until somebody speaks. After a turn of theirs it is our turn. */
function deadAirOf(
  answeredMs: number,
  endMs: number,
  ours: readonly Span[],
  theirs: readonly Span[],
  limitMs: number,
): { atMs: number; ms: number }[] {
  const found: { atMs: number; ms: number }[] = [];
  for (const atMs of [answeredMs, ...ours.map((span) => span.endMs)]) {
    if (isWithin(atMs, theirs)) continue;
    let untilMs = endMs;
    for (const { startMs } of ours) if (startMs >= atMs) untilMs = Math.min(untilMs, startMs);
    for (const { startMs } of theirs) if (startMs >= atMs) untilMs = Math.min(untilMs, startMs);
    if (untilMs - atMs > limitMs) found.push({ atMs, ms: untilMs - atMs });
  }
  return found;
}
