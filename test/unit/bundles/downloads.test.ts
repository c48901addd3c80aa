/** Files from repositories, over real connections to servers on loopback, which may answer as they like. */
import { randomBytes } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttpDownloads, isOwnAddress } from '../../../main/adapters/downloads/http.ts';
import { rangesOf } from '../../support/ranges.ts';
import { bad, good } from '../snapshots/support.ts';

const CONTENT = randomBytes(100_000);
const ranged = rangesOf(CONTENT);

const serve = async (answer: RequestListener) => {
  const asked: { url?: string | undefined; headers: Record<string, unknown> }[] = [];
  const server = createServer((request, response) => {
    asked.push({ url: request.url, headers: request.headers });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
};

const fetched = async (
  url: string,
  o: { offset?: number; bytes?: number; refuses?: (address: string) => boolean; signal?: AbortSignal } = {},
) => {
  const chunks: Uint8Array[] = [];
  const origins: string[] = [];
  const downloads = createHttpDownloads({ timeoutMs: 2000, refuses: o.refuses ?? (() => false) });
  const result = await downloads.fetch(
    { url, offset: o.offset ?? 0, bytes: o.bytes ?? CONTENT.length },
    (chunk) => chunks.push(Uint8Array.from(chunk)) > 0,
    (origin) => void origins.push(origin),
    o.signal ?? new AbortController().signal,
  );
  return { result, origins, content: Buffer.concat(chunks) };
};

describe('a file over the console’s own connection', () => {
  it('comes whole, without credentials, and says which server was asked', async () => {
    const { asked, origin } = await serve(ranged);
    const got = await fetched(`${origin}/a.deb`);
    good(got.result);
    expect(got.content.equals(CONTENT)).toBe(true);
    expect(got.origins).toEqual([origin]);
    expect(asked[0]?.headers).not.toHaveProperty('authorization');
    expect(asked[0]?.headers).not.toHaveProperty('cookie');
  });

  it('goes on in the middle, also where the server knows no ranges', async () => {
    for (const answer of [ranged, ((_, response) => void response.end(CONTENT)) satisfies RequestListener]) {
      const { asked, origin } = await serve(answer);
      const got = await fetched(`${origin}/a.deb`, { offset: 60_000 });
      good(got.result);
      expect(got.content.equals(CONTENT.subarray(60_000))).toBe(true);
      expect(asked[0]?.headers.range).toBe('bytes=60000-');
    }
  });

  it('is never more than announced', async () => {
    const { origin } = await serve((_, response) => {
      response.write(CONTENT.subarray(0, 9));
      response.end(CONTENT.subarray(9));
    });
    expect((await fetched(`${origin}/a.deb`, { bytes: 10 })).content).toHaveLength(10);
  });

  it('is taken after a redirection, and both servers are named', async () => {
    const there = await serve(ranged);
    const { origin } = await serve(
      (_, response) => void response.writeHead(302, { location: `${there.origin}/b.deb` }).end(),
    );
    const got = await fetched(`${origin}/a.deb`);
    good(got.result);
    expect(got.origins).toEqual([origin, there.origin]);
    expect(got.content).toHaveLength(CONTENT.length);
  });

  it.each([['file:///etc/passwd'], ['ftp://example.org/a.deb'], ['http://anna:secret@127.0.0.1/a.deb']])(
    'does not follow a redirection to %s',
    async (location) => {
      const { origin } = await serve((_, response) => void response.writeHead(302, { location }).end());
      const got = await fetched(`${origin}/a.deb`);
      expect(bad(got.result)).toMatchObject({ code: 'not-available' });
      expect(got.origins).toEqual([origin]);
    },
  );

  it('ends where a server sends in circles, answers an error, or another part of the file', async () => {
    const circles = await serve((_, response) => void response.writeHead(302, { location: '/a' }).end());
    expect(bad((await fetched(`${circles.origin}/a`)).result).message).toContain('circles');
    expect(circles.asked).toHaveLength(4);
    const gone = await serve((_, response) => void response.writeHead(404).end('no'));
    expect(bad((await fetched(`${gone.origin}/a`)).result).message).toContain('404');
    const other = await serve(
      (_, response) => void response.writeHead(206, { 'content-range': 'bytes 70000-99999/100000' }).end('x'),
    );
    const got = await fetched(`${other.origin}/a`, { offset: 60_000 });
    expect(bad(got.result).message).toContain('another part');
    expect(got.content).toHaveLength(0);
  });

  it('is not asked of this machine itself, by address or by name, nor after a redirection', async () => {
    const { asked, origin } = await serve(ranged);
    const refuses = isOwnAddress;
    for (const url of [
      origin,
      origin.replace('127.0.0.1', 'localhost'),
      'http://[::1]/',
      'http://2130706433/',
    ])
      expect(bad((await fetched(`${url}/a`, { refuses })).result).message).toMatch(/this machine/);
    expect(asked).toEqual([]);
  });

  it('is cancelled in the middle of an answer', async () => {
    const controller = new AbortController();
    const { origin } = await serve((_, response) => {
      response.write('begin');
      controller.abort();
    });
    expect(bad((await fetched(`${origin}/a`, { signal: controller.signal })).result).code).toBe('cancelled');
  });
});

describe('addresses of this machine', () => {
  it.each([
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '169.254.169.254',
    '::1',
    '::',
    'fe80::1',
    '::ffff:127.0.0.1',
  ])('%s is one', (address) => expect(isOwnAddress(address)).toBe(true));
  it.each(['10.0.0.1', '192.168.1.4', '151.101.2.132', '2a04:4e42::644'])('%s is none', (address) =>
    expect(isOwnAddress(address)).toBe(false),
  );
});
