import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { ControlServer } from '../../src/control/server.js';
import { controlSpec } from '../../src/control/spec.js';
import type { AppError } from '../../src/core/errors.js';
import type { ImpairmentSpec } from '../../src/impair/impairment-spec.js';

const TOKEN = 'a-token-of-this-test';
let open: ControlServer | null = null;

afterEach(async () => {
  await open?.close();
  open = null;
});

/** An endpoint, and what it was told. */
async function endpoint(): Promise<{ url: string; changes: ImpairmentSpec[] }> {
  const changes: ImpairmentSpec[] = [];
  open = await ControlServer.open(
    { port: 0, token: TOKEN },
    { impairment: () => ({ changes: changes.length }), changeImpairment: (impairment) => changes.push(impairment) },
  );
  return { url: open.url, changes };
}

function ask(url: string, method: string, body?: string, token: string | null = TOKEN): Promise<Response> {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  return fetch(url, { method, body, headers });
}

describe('the control endpoint', () => {
  it('says what is in force, and takes another impairment as a profile has it', async () => {
    const { url, changes } = await endpoint();
    expect(await (await ask(url, 'GET')).json()).toEqual({ changes: 0 });
    const body = { network: 'busy-wifi', uplink: [{ kind: 'loss', ratio: '5%' }], select: { share: '50%' } };
    const put = await ask(url, 'PUT', JSON.stringify(body));
    expect([put.status, await put.json()]).toEqual([200, { changes: 1 }]);
    expect(changes[0]).toMatchObject({
      network: 'busy-wifi',
      uplink: [{ kind: 'loss', ratio: 0.05, burst: 1 }],
      downlink: [],
      select: { share: 0.5 },
    });
  });

  it('refuses whoever does not bring its token, and says nothing of what is in force', async () => {
    const { url, changes } = await endpoint();
    for (const token of [null, '', 'wrong', `${TOKEN}x`, TOKEN.toUpperCase()]) {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const answer = await ask(url, method, method === 'PUT' ? '{}' : undefined, token);
        expect(answer.status).toBe(401);
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
        expect(await answer.text()).not.toContain('changes');
      }
    }
    for (const authorization of [TOKEN, `Basic ${TOKEN}`, `Bearer ${TOKEN} more`])
      expect((await fetch(url, { headers: { authorization } })).status).toBe(401);
    expect(changes).toEqual([]);
  });

  it('tells of every mistake where it is, and changes nothing', async () => {
    const { url, changes } = await endpoint();
    const wrong = { network: 'moon', uplink: [{ kind: 'loss', ratio: '80%', burst: 2 }], downlnk: [] };
    const answer = await ask(url, 'PUT', JSON.stringify(wrong));
    expect(answer.status).toBe(400);
    const { mistakes } = (await answer.json()) as { mistakes: { path: string; message: string }[] };
    expect(mistakes.map(({ path }) => path)).toEqual(expect.arrayContaining(['network', 'uplink.0']));
    for (const body of ['', '{', '[]', 'null', '7', '{"uplink":[{"kind":"loss-trace","file":"/etc/passwd"}]}'])
      expect((await ask(url, 'PUT', body)).status, body).toBe(400);
    expect(changes).toEqual([]);
  });

  it('has one path, two methods, and a bound on what it reads', async () => {
    const { url, changes } = await endpoint();
    expect((await ask(`${url}/x`, 'GET')).status).toBe(404);
    const posted = await ask(url, 'POST', '{}');
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, PUT']);
    expect((await ask(url, 'PUT', `{"a":"${'x'.repeat(70_000)}"}`)).status).toBe(413);
    expect(changes).toEqual([]);
  });

  it('survives a request that breaks off, and closes with one under way', async () => {
    const { url } = await endpoint();
    const broken = request(url, {
      method: 'PUT',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-length': 100 },
    });
    broken.on('error', () => {});
    await new Promise<void>((resolve) => broken.write('{', () => resolve()));
    broken.destroy();
    expect((await ask(url, 'GET')).status).toBe(200);
    const slow = request(url, { method: 'PUT', headers: { authorization: `Bearer ${TOKEN}`, 'content-length': 100 } });
    const ended = new Promise((resolve) => slow.on('error', resolve));
    await new Promise<void>((resolve) => slow.write('{', () => resolve()));
    await open!.close();
    expect(await ended).toBeInstanceOf(Error);
  });

  it('cannot be had twice on one port, and is told so', async () => {
    await endpoint();
    const nobody = { impairment: () => null, changeImpairment: () => {} };
    const refusal = await ControlServer.open({ port: open!.port, token: TOKEN }, nobody).catch(
      (error: AppError) => error,
    );
    expect((refusal as AppError).code).toBe('PORT_TAKEN');
  });

  it('is not to be had with a token that could be guessed', () => {
    for (const token of ['short', 'x'.repeat(15), 'with blanks in the middle', ''])
      expect(controlSpec.safeParse({ port: 8080, token }).success, token).toBe(false);
    expect(controlSpec.safeParse({ port: 70_000, token: TOKEN }).success).toBe(false);
    expect(controlSpec.safeParse({ port: 8080, token: TOKEN }).success).toBe(true);
  });
});
