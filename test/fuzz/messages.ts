import type { Rng } from '../../src/core/rng.js';
import { headerIn } from '../loopback/sip-harness.js';
import { ANSWER_COUNT, answerText, extraOf, METHODS, type Names, requestText, tortureMessages } from './corpus.js';
import type { Link } from './links.js';
import { mutate, mutateBelowStart } from './mutators.js';
import { Failure } from './oracles.js';
import { type Rig, settle } from './rig.js';

/** Messages to be sent at once. */
export interface Fuel {
  /** `fresh`: of nothing known. `dialog`: of live calls. `answers`: to live requests of the server's. `strays`: responses and ACKs only. */
  kind: 'fresh' | 'dialog' | 'answers' | 'strays';
  texts: string[];
}

const USERS = ['answer', 'ring', 'busy', 'reliable', 'move', 'x'];
/** Of the calls that a chunk of the kind `dialog` is about. */
const LIVE = ['answer', 'answer', 'answer', 'ring', 'reliable'];
const WITHIN = ['BYE', 'INVITE', 'UPDATE', 'INFO', 'MESSAGE', 'REFER', 'NOTIFY', 'PRACK', 'CANCEL', 'ACK', 'OPTIONS'];
const OWN_REQUESTS = ['INVITE', 'INVITE', 'INVITE', 'OPTIONS', 'SUBSCRIBE', 'MESSAGE'];

/** Makes messages: valid ones in the right place, then changed. */
export class Messages {
  private readonly torture = tortureMessages();
  private count = 0;

  constructor(
    private readonly rig: Rig,
    private readonly rng: Rng,
  ) {}

  async chunk(kind: Fuel['kind'], link: Link, size: number): Promise<Fuel> {
    const make = await this.source(kind, link);
    link.inbox = [];
    return { kind, texts: Array.from({ length: size }, make) };
  }

  /** A call without any mistake, from INVITE to BYE. @throws Failure when it fails */
  async cleanCall(link: Link): Promise<void> {
    const names = this.names();
    const say = async (method: string, change: Partial<Names>): Promise<string> => {
      link.inbox = [];
      await link.send([requestText(method, 'answer', link.place, { ...names, ...change })]);
      return link.inbox.find((text) => text.startsWith('SIP/2.0 200') && text.includes(names.callId)) ?? '';
    };
    const toTag = tagIn(await say('INVITE', {}));
    await say('ACK', { toTag, branch: `${names.branch}-ack` });
    const bye = await say('BYE', { toTag, branch: `${names.branch}-bye`, cseq: names.cseq + 1 });
    if (toTag === '' || bye === '') throw new Failure(`${link.name}: a clean call fails`, []);
  }

  private source(kind: Fuel['kind'], link: Link): Promise<() => string> | (() => string) {
    switch (kind) {
      case 'fresh':
        return () => mutate(this.base(link), this.base(link), this.rng);
      case 'dialog':
        return this.withinDialogs(link);
      case 'answers':
        return this.answers(link);
      case 'strays':
        return () => mutateBelowStart(this.stray(link), this.stray(link), this.rng);
      default:
        return kind satisfies never;
    }
  }

  private base(link: Link): string {
    if (this.rng.uniform() < 0.3) return this.pick(this.torture);
    return requestText(this.pick(METHODS), this.pick(USERS), link.place, this.names(), extraOf(this.below(24)));
  }

  private stray(link: Link): string {
    const names = { ...this.names(), toTag: this.rng.uniform() < 0.5 ? 'unknown' : '' };
    if (this.rng.uniform() < 0.4) return requestText('ACK', this.pick(USERS), link.place, names);
    const request = requestText(this.pick(METHODS), 'x', link.place, names);
    return answerText(request, this.below(ANSWER_COUNT), 'unknown', link.place.here);
  }

  /** Sets up calls and gives messages that belong to them. */
  private async withinDialogs(link: Link): Promise<() => string> {
    const { place } = link;
    const live = LIVE.map((user) => ({ user, names: this.names() }));
    link.inbox = [];
    await link.send(live.map(({ user, names }) => requestText('INVITE', user, place, names)));
    for (const { names } of live) {
      const answer = link.inbox.find((text) => text.includes(names.callId) && !text.startsWith('SIP/2.0 100'));
      names.toTag = answer === undefined ? '' : tagIn(answer);
    }
    const acknowledged = live
      .slice(0, 2)
      .map(({ user, names }) => requestText('ACK', user, place, { ...names, branch: `${names.branch}-a` }));
    await link.send(acknowledged);
    return () => {
      const { user, names } = this.pick(live);
      const method = this.pick(WITHIN);
      const own = method === 'CANCEL' || this.rng.uniform() < 0.15;
      const next = own ? names : { ...names, branch: this.branch(), cseq: names.cseq + this.below(4) };
      const within = method === 'CANCEL' ? { ...next, toTag: '' } : next;
      const text = requestText(method, user, place, within, extraOf(this.below(24)));
      return this.rng.uniform() < 0.2 ? text : mutate(text, this.base(link), this.rng);
    };
  }

  /** Has the server's application send requests, and gives responses to them. */
  private async answers(link: Link): Promise<() => string> {
    await link.send([]);
    const { here } = link.place;
    const { protocol } = link.target;
    link.inbox = [];
    const uri = protocol === 'tls' ? `sips:callee@${here}` : `sip:callee@${here};transport=${protocol}`;
    for (const method of OWN_REQUESTS) this.rig.call(uri, method);
    const requests = (): string[] => link.inbox.filter((text) => !text.startsWith('SIP/2.0'));
    for (let turns = 0; turns < 50 && requests().length < OWN_REQUESTS.length; turns++) await settle();
    const asked = requests();
    if (asked.length === 0) throw new Failure(`${link.name}: the server's own requests do not arrive`, []);
    return () => {
      const text = answerText(this.pick(asked), this.below(ANSWER_COUNT), `t${this.below(3)}`, here);
      return this.rng.uniform() < 0.2 ? text : mutate(text, this.stray(link), this.rng);
    };
  }

  private names(): Names {
    const n = ++this.count;
    return { callId: `f${n}@fuzz`, fromTag: `f${n}`, toTag: '', branch: this.branch(), cseq: 1 + this.below(100) };
  }

  private branch(): string {
    return `z9hG4bK-f${++this.count}`;
  }

  private below(n: number): number {
    return Math.floor(this.rng.uniform() * n);
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}

function tagIn(text: string): string {
  return /;tag=([^;\r\n]*)/.exec(headerIn(text, 'To'))?.[1] ?? '';
}
