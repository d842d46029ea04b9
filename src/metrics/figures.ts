/** Every figure of summary.json that a gate may name, with its kind. `*` stands for any key of a table of counts. */
export type FigureKind =
  | 'count'
  | 'ratio'
  | 'ms'
  | 'mos'
  | 'r'
  | 'dbov'
  | 'db'
  | 'cps'
  | 'erlang'
  | 'msPerHour'
  | 'boolean'
  | 'text';

/** Figures of which a `Distribution` is kept while a run goes: any percentile of them can be told. */
const DISTRIBUTIONS = new WeakSet<object>();

function distribution<T extends object>(tree: T): T {
  DISTRIBUTIONS.add(tree);
  return tree;
}

const percentiles = (kind: FigureKind) => distribution({ p50: kind, p95: kind, p99: kind, max: kind });
const lowPercentiles = (kind: FigureKind) => distribution({ min: kind, p5: kind, p50: kind, mean: kind });
const spread = (kind: FigureKind) => distribution({ min: kind, p5: kind, p50: kind, p95: kind, max: kind });

const direction = {
  streams: 'count',
  measured: 'count',
  unmeasured: 'count',
  packetsSent: 'count',
  packetsReceived: 'count',
  packetsLost: 'count',
  edgeLost: 'count',
  rfc3550CumulativeLost: 'count',
  lateDiscarded: 'count',
  lossRatio: 'ratio',
  lossRatioPerStream: percentiles('ratio'),
  jitterMs: percentiles('ms'),
  playoutDelayMs: percentiles('ms'),
  oneWayDelayMs: percentiles('ms'),
  activeLevelDbov: spread('dbov'),
  activityFactor: lowPercentiles('ratio'),
  noiseFloorDbov: percentiles('dbov'),
  clippedRatio: percentiles('ratio'),
  mosLq: lowPercentiles('mos'),
  mosLqWorst: lowPercentiles('mos'),
  mosCq: lowPercentiles('mos'),
  rFactor: lowPercentiles('r'),
} as const;

const dtmf = {
  sent: 'count',
  received: 'count',
  lost: 'count',
  merged: 'count',
  duplicated: 'count',
  wrong: 'count',
  late: 'count',
  short: 'count',
  unended: 'count',
  unnegotiated: 'count',
  lossRatio: 'ratio',
  mergedRatio: 'ratio',
  duplicatedRatio: 'ratio',
  wrongRatio: 'ratio',
  lateRatio: 'ratio',
  delayMs: percentiles('ms'),
  callsAffected: 'count',
} as const;

const probe = {
  calls: 'count',
  sent: 'count',
  heard: 'count',
  missed: 'count',
  missedRatio: 'ratio',
  mouthToEarMs: percentiles('ms'),
  delaySource: 'text',
  crossedCalls: 'count',
  echoCalls: 'count',
  echoDelayMs: percentiles('ms'),
  echoReturnLossDb: lowPercentiles('db'),
} as const;

const flow = {
  calls: 'count',
  callsPassed: 'count',
  callsFailed: 'count',
  callsUnfinished: 'count',
  failedRatio: 'ratio',
} as const;

const truth = {
  packets: 'count',
  dropped: 'count',
  droppedWithin: 'count',
  duplicated: 'count',
  reordered: 'count',
  corrupted: 'count',
  recoded: 'count',
  eventsDropped: 'count',
  faults: { '*': 'count' },
  lossRatio: 'ratio',
  delayMs: { mean: 'ms', max: 'ms' },
} as const;

const stretch = {
  calls: 'count',
  setupFailureRatio: 'ratio',
  srdMs: percentiles('ms'),
  ttfwMs: percentiles('ms'),
} as const;

const slope = <K extends FigureKind>(kind: K) => ({ perHour: kind, low: kind, high: kind, points: 'count' }) as const;

const FIGURES = {
  calls: {
    attempted: 'count',
    answered: 'count',
    failed: 'count',
    cancelled: 'count',
    completed: 'count',
    dropped: 'count',
    stillUp: 'count',
    notStarted: 'count',
    peakInProgress: 'count',
    peakEstablished: 'count',
  },
  responses: { '*': 'count' },
  load: {
    plannedAttempts: 'count',
    plannedCps: 'cps',
    startedCps: 'cps',
    startedRatio: 'ratio',
    scheduleErrorMs: percentiles('ms'),
    offeredErlang: 'erlang',
    carriedErlang: 'erlang',
    attemptsPerHour: 'count',
    bhca: 'count',
    busyHourErlang: 'erlang',
  },
  sip: {
    setupFailureRatio: 'ratio',
    ner: 'ratio',
    asr: 'ratio',
    ser: 'ratio',
    seer: 'ratio',
    isa: 'ratio',
    ira: 'ratio',
    scr: 'ratio',
    srdMs: { success: percentiles('ms'), failure: percentiles('ms') },
    sddMs: { success: percentiles('ms'), failure: percentiles('ms') },
    setupMs: percentiles('ms'),
    pddMs: percentiles('ms'),
    sdtMs: percentiles('ms'),
    sdtFailureMs: percentiles('ms'),
    acdMs: 'ms',
    rrdMs: percentiles('ms'),
    offeredCps: 'cps',
    achievedCps: 'cps',
    retransmissionsSent: 'count',
    retransmissionsReceived: 'count',
    parseErrors: 'count',
    server: {
      timerExpiries: { B: 'count', F: 'count', H: 'count', ack: 'count' },
      strays: 'count',
      transportErrors: 'count',
    },
  },
  registrations: {
    accounts: 'count',
    registered: 'count',
    peakRegistered: 'count',
    attempted: 'count',
    failed: 'count',
    refreshed: 'count',
    unregistered: 'count',
    lost: 'count',
    challenges: 'count',
    unchallenged: 'count',
    responses: { '*': 'count' },
    otherRealms: { '*': 'count' },
    allTriedMs: 'ms',
    registeredPerSecond: 'cps',
    refreshMs: percentiles('ms'),
  },
  accountCalls: {
    offered: 'count',
    reached: 'count',
    wrongAccount: 'count',
    unmatched: 'count',
    notReached: 'count',
    responses: { '*': 'count' },
    unregistered: 'count',
    unknown: 'count',
  },
  inbound: {
    received: 'count',
    receivedCps: 'cps',
    peakCps: 'cps',
    refused: 'count',
    refusedLate: 'count',
    dealt: { '*': 'count' },
    cancelled: 'count',
    cancelMs: percentiles('ms'),
    abandoned: 'count',
    abandonedRatio: 'ratio',
    notAcknowledged: 'count',
    ackMs: percentiles('ms'),
    endedByCaller: 'count',
    endedByUs: 'count',
    heard: 'count',
    silentCalls: 'count',
    firstWordMs: percentiles('ms'),
    machine: {
      calls: 'count',
      hungUp: 'count',
      hangUpMs: percentiles('ms'),
      talkedOver: 'count',
      talkOverMs: percentiles('ms'),
      messages: 'count',
      messageMs: percentiles('ms'),
    },
  },
  trunk: {
    exhausted: 'boolean',
    exhaustedAtInProgress: 'count',
    exhaustedAtMs: 'ms',
    cause: 'text',
    refusals: 'count',
    own: {
      peakChannels: 'count',
      admitted: 'count',
      refusedFull: 'count',
      refusedTooFast: 'count',
      screening: { refused: 'count', withheld: 'count' },
      identity: { verified: { A: 'count', B: 'count', C: 'count' }, missing: 'count', refused: { '*': 'count' } },
      refusedPerCaller: { full: 'count', tooFast: 'count' },
      slowed: 'count',
      outcomes: { '*': 'count' },
      script: { refused: 'count', unheard: 'count', restarts: 'count', forgotten: 'count' },
    },
  },
  failover: {
    failedOver: 'count',
    saved: 'count',
    outages: 'count',
    detectionMs: 'ms',
    recoveryMs: 'ms',
    failBackMs: 'ms',
    lostCalls: 'count',
    failedAttempts: 'count',
    refusedAttempts: 'count',
    setupRatioMin: 'ratio',
  },
  media: {
    uplink: direction,
    downlink: direction,
    oneWay: { calls: 'count', byCause: { '*': 'count' }, byDirection: { uplink: 'count', downlink: 'count' } },
    noMedia: { calls: 'count' },
    impaired: { calls: 'count', byCause: { '*': 'count' }, byDirection: { uplink: 'count', downlink: 'count' } },
    unknown: { uplink: 'count', downlink: 'count' },
    rtcp: {
      calls: 'count',
      sent: 'count',
      received: 'count',
      malformed: 'count',
      wrongSource: 'count',
      roundTripMs: percentiles('ms'),
      farEnd: {
        calls: 'count',
        lossRatio: 'ratio',
        lossRatioPerCall: percentiles('ratio'),
        jitterMs: percentiles('ms'),
        mosLq: lowPercentiles('mos'),
        rFactor: lowPercentiles('r'),
      },
      disagreements: { calls: 'count', byKind: { '*': 'count' } },
    },
    pacingErrorMs: { p50: 'ms', p99: 'ms', max: 'ms' },
    receiveDrops: 'count',
    malformed: 'count',
    unattributed: 'count',
  },
  dtmf: { uplink: dtmf, downlink: dtmf },
  voice: {
    calls: 'count',
    firstWords: 'count',
    utterances: 'count',
    unanswered: 'count',
    ttfwMs: percentiles('ms'),
    responseMs: percentiles('ms'),
    bargeIns: 'count',
    bargeInsIgnored: 'count',
    bargeInMs: percentiles('ms'),
    deadAir: { calls: 'count', ratio: 'ratio', ms: percentiles('ms') },
    overlaps: 'count',
    overlapRatio: 'ratio',
    interruptions: 'count',
  },
  flow: { caller: flow, callee: flow },
  probe: { uplink: probe, downlink: probe },
  impairment: { uplink: truth, downlink: truth },
  trend: {
    warmUpMs: 'ms',
    cold: stretch,
    warm: stretch,
    srdMs: slope('msPerHour'),
    setupFailureRatio: slope('ratio'),
    memory: slope('ratio'),
  },
} as const;

interface FigureTree {
  readonly [key: string]: FigureKind | FigureTree;
}

/** A figure of summary.json: its dotted path, or that of a distribution with the quantile (0–1) wanted of it. */
export interface Figure {
  path: string;
  quantile: number | null;
  kind: FigureKind;
}

const PERCENTILE = /^(.+)\.p(\d{1,2}(?:\.\d{1,4})?)$/;

/** The figure that `name` names, such as `calls.dropped`, `sip.srdMs.success.p90` or `sip.setupMs.p99.9`; `null` when there is none. */
export function figureOf(name: string): Figure | null {
  const node = nodeAt(name);
  if (typeof node === 'string') return { path: name, quantile: null, kind: node };
  const percentile = PERCENTILE.exec(name);
  if (!percentile) return null;
  const [, path, percent] = percentile;
  const tree = nodeAt(path);
  if (tree === null || typeof tree === 'string' || !DISTRIBUTIONS.has(tree) || Number(percent) === 0) return null;
  // Every percentile of a distribution is of one kind.
  return { path, quantile: Number(percent) / 100, kind: tree.p50 as FigureKind };
}

/** The path of the distribution that a figure is told of; `null` where it is a figure of another kind. */
export function distributionOf({ path, quantile }: Figure): string | null {
  if (quantile !== null) return path;
  const parent = parentOf(path);
  const tree = nodeAt(parent);
  return tree !== null && typeof tree !== 'string' && DISTRIBUTIONS.has(tree) ? parent : null;
}

/** Whether a figure is of a table of counts, which holds only what came. */
export function isOfTable(path: string): boolean {
  const tree = nodeAt(parentOf(path));
  return tree !== null && typeof tree !== 'string' && Object.hasOwn(tree, '*');
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('.')));
}

function nodeAt(path: string): FigureKind | FigureTree | null {
  let node: FigureKind | FigureTree = FIGURES;
  for (const key of path.split('.')) {
    if (typeof node === 'string') return null;
    const next: FigureKind | FigureTree | undefined = Object.hasOwn(node, key) ? node[key] : node['*'];
    if (next === undefined) return null;
    node = next;
  }
  return node;
}

/** All dotted paths, in the order of summary.json. */
export function figurePaths(): string[] {
  const paths: string[] = [];
  const walk = (tree: FigureTree, prefix: string): void => {
    for (const [key, node] of Object.entries(tree)) {
      const path = prefix === '' ? key : `${prefix}.${key}`;
      if (typeof node === 'string') paths.push(path);
      else walk(node, path);
    }
  };
  walk(FIGURES, '');
  return paths;
}
