import type { SrfRequest } from '../../drachtio/srf-types.js';
import { headerParam, splitList, uriOf } from '../../sip/header-values.js';
import { parseSipUri } from '../../sip/uri.js';
import { type Binding, Bindings } from './bindings.js';
import { linesOf } from './passed-headers.js';
import { sourceUri } from './routes.js';

const DEFAULT_S = 3600;
/** Parameters of a Contact that pass; the others ask for what a relay would have to take part in. */
const PASSED_PARAMETERS = ['expires', 'q'];

/**
 * A phone's Contacts as the target is to have them (RFC 3261 10.2): each a URI of the relay, so that calls for the phone
 * come through it. `localhost` stands for the relay's place.
 */
export class Registration {
  private readonly names = new Map<string, Binding>();
  private readonly values: string[] = [];
  private readonly addressOfRecord: string;

  constructor(
    request: SrfRequest,
    private readonly bindings: Bindings,
  ) {
    const addressOfRecord = uriOf(request.get('to') ?? '');
    this.addressOfRecord = addressOfRecord;
    const { source_address: address, source_port: port, protocol } = request;
    const source = sourceUri(address, port, protocol);
    for (const value of linesOf(request.raw, 'contact').flatMap(splitList)) {
      if (value === '*') {
        this.values.push(value);
        continue;
      }
      const uri = uriOf(value);
      const name = Bindings.nameOf(addressOfRecord, uri);
      this.names.set(name, { of: addressOfRecord, uri, source, address, port });
      this.values.push(`<sip:${name}@localhost>${parametersOf(value)}`);
    }
  }

  /** The Contact header for the target; `undefined` where the phone only asks what is bound. */
  get contact(): string | undefined {
    return this.values.length === 0 ? undefined : this.values.join(', ');
  }

  /** Takes the target's answer, and tells the Contact header that the phone is to get. */
  settle(response: { status: number; raw: string; get(name: string): string | undefined }): string | undefined {
    const listed = linesOf(response.raw, 'contact').flatMap(splitList);
    if (response.status >= 300) return listed.length === 0 ? undefined : listed.join(', ');
    if (this.values.includes('*')) this.bindings.removeAll(this.addressOfRecord);
    const bound = new Set<string>();
    const back = listed.map((value) => {
      const name = parseSipUri(uriOf(value))?.user ?? '';
      const binding = this.names.get(name) ?? this.bindings.find(name);
      if (binding === undefined) return value;
      bound.add(name);
      const seconds = Number(headerParam(value, 'expires') ?? response.get('expires') ?? DEFAULT_S);
      if (this.names.has(name)) this.bindings.bind(name, binding, Number.isFinite(seconds) ? seconds : DEFAULT_S);
      return `<${binding.uri}>${parametersOf(value)}`;
    });
    for (const name of this.names.keys()) if (!bound.has(name)) this.bindings.remove(name);
    return back.length === 0 ? undefined : back.join(', ');
  }
}

function parametersOf(contact: string): string {
  let text = '';
  for (const name of PASSED_PARAMETERS) {
    const value = headerParam(contact, name);
    if (value) text += `;${name}=${value}`;
  }
  return text;
}
