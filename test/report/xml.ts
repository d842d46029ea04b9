export interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

const ENTITY: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decode(text: string): string {
  if (/&(?!(amp|lt|gt|quot|apos|#\d+);)/.test(text)) throw new Error(`stray ampersand in ${text}`);
  return text.replace(/&(?:#(\d+)|(\w+));/g, (_, code: string | undefined, name: string) =>
    code ? String.fromCodePoint(Number(code)) : ENTITY[name],
  );
}

/** A small strict XML reader for tests: throws on anything that is not well-formed. */
export function parseXml(xml: string): Element {
  const body = xml.replace(/^<\?xml [^?]*\?>\s*/, '');
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const stack = [root];
  const token = /<(\/?)([A-Za-z][\w.-]*)((?:\s+[\w.-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  let at = 0;
  while (at < body.length) {
    token.lastIndex = at;
    const match = token.exec(body);
    if (!match) throw new Error(`not well-formed at ${body.slice(at, at + 60)}`);
    at = token.lastIndex;
    const [, close, name, attributeText, self, text] = match;
    const top = stack[stack.length - 1];
    if (text !== undefined) top.text += decode(text);
    else if (close) {
      if (top.name !== name) throw new Error(`${name} closes ${top.name}`);
      stack.pop();
    } else {
      const attributes: Record<string, string> = {};
      for (const [, key, value] of attributeText.matchAll(/([\w.-]+)="([^"]*)"/g)) {
        if (key in attributes) throw new Error(`attribute ${key} twice`);
        attributes[key] = decode(value);
      }
      const element: Element = { name, attributes, children: [], text: '' };
      top.children.push(element);
      if (!self) stack.push(element);
    }
  }
  if (stack.length !== 1 || root.children.length !== 1) throw new Error('elements left open, or not one root');
  return root.children[0];
}
