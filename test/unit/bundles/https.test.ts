/** Package files over https: real TLS servers on loopback, with certificates of an authority made here, that answer as they like. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer as createPlainServer, type RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createHttpDownloads } from '../../../main/adapters/downloads/http.ts';
import { createAuthority } from '../../support/certificates.ts';
import { rangesOf } from '../../support/ranges.ts';
import { bad, good } from '../snapshots/support.ts';
import { connected, WEB, withSnapshot } from './played.ts';
import { caller, temporary } from './support.ts';

const authority = createAuthority();
const ours = authority.server(['127.0.0.1', 'localhost']);
const CONTENT = randomBytes(100_000);

const ranged = rangesOf(CONTENT);
const sendTo =
  (location: string): RequestListener =>
  (_, response) =>
    void response.writeHead(302, { location }).end();

const serve = async (answer: RequestListener, o: { identity?: typeof ours; plain?: boolean } = {}) => {
  const asked: { url: string; range: string | undefined }[] = [];
  const listener: RequestListener = (request, response) => {
    asked.push({ url: request.url ?? '', range: request.headers.range });
    answer(request, response);
  };
  const server = o.plain === true ? createPlainServer(listener) : createServer(o.identity ?? ours, listener);
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const scheme = o.plain === true ? 'http' : 'https';
  return { asked, origin: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}` };
};

const downloadsWith = (authorities: string[] | undefined, timeoutMs = 5000) =>
  createHttpDownloads({
    timeoutMs,
    refuses: () => false,
    ...(authorities === undefined ? {} : { authorities }),
  });

const fetched = async (
  url: string,
  o: { offset?: number; bytes?: number; timeoutMs?: number; authorities?: string[] | undefined } = {},
) => {
  const chunks: Uint8Array[] = [];
  const origins: string[] = [];
  const authorities = 'authorities' in o ? o.authorities : [authority.certificate];
  const result = await downloadsWith(authorities, o.timeoutMs).fetch(
    { url, offset: o.offset ?? 0, bytes: o.bytes ?? CONTENT.length },
    (chunk) => chunks.push(Uint8Array.from(chunk)) > 0,
    (origin) => void origins.push(origin),
    new AbortController().signal,
  );
  return { result, origins, content: Buffer.concat(chunks) };
};

describe('a file over https', () => {
  it('comes whole from a server whose authority is trusted', async () => {
    const { origin } = await serve(ranged);
    const got = await fetched(`${origin}/a.deb`);
    good(got.result);
    expect(got.content.equals(CONTENT)).toBe(true);
    expect(got.origins).toEqual([origin]);
  });

  it.each<[string, () => Parameters<typeof serve>[1], string[] | undefined, RegExp]>([
    ['of an authority nobody trusts', () => ({}), undefined, /does not trust \(UNABLE_TO_VERIFY/],
    [
      'of another authority than the trusted one',
      () => ({}),
      [createAuthority('Another').certificate],
      /does not trust/,
    ],
    [
      'of another server',
      () => ({ identity: authority.server(['deb.example.org', '10.0.0.1']) }),
      [authority.certificate],
      /the certificate of another server/,
    ],
    [
      'that is over',
      () => ({ identity: authority.server(['127.0.0.1'], [-3, -2]) }),
      [authority.certificate],
      /not valid at this time \(CERT_HAS_EXPIRED\)/,
    ],
    [
      'that is not valid yet',
      () => ({ identity: authority.server(['127.0.0.1'], [2, 3]) }),
      [authority.certificate],
      /not valid at this time/,
    ],
  ])(
    'is not asked for under a certificate %s, whatever the environment says',
    async (_, o, authorities, words) => {
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
      onTestFinished(() => void vi.unstubAllEnvs());
      const { origin, asked } = await serve(ranged, o());
      const got = await fetched(`${origin}/a.deb`, { authorities });
      expect(bad(got.result)).toMatchObject({ code: 'not-available', message: expect.stringMatching(words) });
      expect(got.content).toHaveLength(0);
      expect(asked).toEqual([]);
    },
  );

  it('is not taken from plain http after a redirection; the other way round it is', async () => {
    const plain = await serve(ranged, { plain: true });
    const down = await serve(sendTo(`${plain.origin}/a.deb`));
    const got = await fetched(`${down.origin}/a.deb`);
    expect(bad(got.result)).toMatchObject({
      code: 'not-available',
      message: 'the repository sends to an address that is not followed',
    });
    expect(got.origins).toEqual([down.origin]);
    expect(plain.asked).toEqual([]);
    const secure = await serve(ranged);
    const up = await serve(sendTo(`${secure.origin}/a.deb`), { plain: true });
    good((await fetched(`${up.origin}/a.deb`)).result);
  });

  it('is given up after three redirections, between servers too', async () => {
    const there = { origin: '' };
    const here = await serve((request, response) => sendTo(`${there.origin}/b`)(request, response));
    const other = await serve(sendTo(`${here.origin}/a`));
    there.origin = other.origin;
    expect(bad((await fetched(`${here.origin}/a`)).result).message).toContain('circles');
    expect(here.asked.length + other.asked.length).toBe(4);
  });

  it.each([
    ['too few', CONTENT.length - 1],
    ['too many', CONTENT.length * 2],
  ])('is not begun with where the server announces %s bytes', async (_, length) => {
    const { origin } = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': length });
      response.write(CONTENT.subarray(0, 10));
    });
    const got = await fetched(`${origin}/a.deb`);
    expect(bad(got.result)).toMatchObject({
      code: 'not-found',
      message: `the repository has a file of ${length} bytes there, not of ${CONTENT.length}`,
    });
    expect(got.content).toHaveLength(0);
  });

  it('ends where a server breaks off before what it announced, with what came until then', async () => {
    const { origin } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': CONTENT.length });
      response.write(CONTENT.subarray(0, 50_000), () => response.destroy());
    });
    const got = await fetched(`${origin}/a.deb`);
    expect(bad(got.result)).toMatchObject({ code: 'host.repository', retryable: true });
    expect(got.content.equals(CONTENT.subarray(0, 50_000))).toBe(true);
  });

  it.each<[string, RequestListener, RegExp]>([
    ['never answers', () => undefined, /is silent for/],
    [
      'falls silent in the middle',
      (_, response) => void response.writeHead(200).write(CONTENT.subarray(0, 20_000)),
      /is silent for|next to nothing/,
    ],
    [
      'drips',
      (_, response) => {
        response.writeHead(200);
        const drip = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(drip));
      },
      /sends next to nothing for/,
    ],
  ])('has a time limit where a server %s', async (_, answer, words) => {
    const { origin } = await serve(answer);
    const got = await fetched(`${origin}/a.deb`, { timeoutMs: 300 });
    expect(bad(got.result)).toMatchObject({
      code: 'host.repository',
      message: expect.stringMatching(words),
    });
  });

  it('has a time limit where a server takes the connection and no TLS', async () => {
    const server = createTcpServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/a.deb`;
    expect(bad((await fetched(url, { timeoutMs: 300 })).result).message).toContain('is silent for');
  });
});

describe('an authority of one’s own', () => {
  const fetchedAs = async (env: NodeJS.ProcessEnv): Promise<string> => {
    const { origin } = await serve((_, response) => void response.end('libnew'));
    const { SSL_CERT_FILE: _file, SSL_CERT_DIR: _dir, NODE_EXTRA_CA_CERTS: _extra, ...rest } = process.env;
    const script = join(import.meta.dirname, 'https.child.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [script, `${origin}/a.deb`], {
      env: { ...rest, ...env },
    });
    return stdout;
  };
  const listed = (): string => {
    const file = join(temporary(), 'ca.pem');
    writeFileSync(file, authority.certificate);
    return file;
  };

  it('counts where NODE_EXTRA_CA_CERTS names it', async () => {
    expect(await fetchedAs({ NODE_EXTRA_CA_CERTS: listed() })).toBe('libnew');
  });

  it.runIf(process.platform === 'linux')('counts where this machine trusts it', async () => {
    expect(await fetchedAs({})).toContain('does not trust');
    expect(await fetchedAs({ SSL_CERT_FILE: listed() })).toBe('libnew');
  });
});

describe('making a bundle from an https server', () => {
  const LIBNEW = 'libnew_1.0_amd64.deb';
  const OPENSSL = 'openssl_3.0.15_amd64.deb';
  let parts: () => string[];

  const make = async (answer: RequestListener, authorities: string[] = [authority.certificate]) => {
    const server = await serve(answer);
    const located = Object.fromEntries([LIBNEW, OPENSSL].map((file) => [file, `${server.origin}/${file}`]));
    const made = await withSnapshot(
      connected({ web: { ...WEB, located } }, { downloads: downloadsWith(authorities) }),
    );
    made.clock.wait = async () => true;
    const folder = join(made.dir, 'artefacts');
    parts = () => (existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.part')) : []);
    const bundle = good(
      await made.bundles.make(
        { ref: 'autumn', hosts: ['web'], file: made.file('a.frost.tar'), direct: true },
        caller,
      ),
    );
    return {
      bundle,
      asked: server.asked,
      origin: server.origin,
      via: Object.fromEntries(
        bundle.packages.filter(({ role }) => role === 'new').map(({ name, via }) => [name, via]),
      ),
    };
  };
  const files: Record<string, string> = { [LIBNEW]: 'libnew', [OPENSSL]: 'openssl, new' };
  const contentOf = (url: string | undefined) => files[(url ?? '').slice(1)] ?? '';

  beforeEach(() => {
    parts = () => [];
  });

  it('takes its new packages from there', async () => {
    const { bundle, via, origin } = await make(
      (request, response) => void response.end(contentOf(request.url)),
    );
    expect(via).toEqual({ libnew: 'direct', openssl: 'direct' });
    expect(bundle).toMatchObject({ origins: [origin], notDirect: [], missing: [] });
  });

  it('goes on with the rest where the connection was cut', async () => {
    const { via, asked } = await make((request, response) => {
      const content = contentOf(request.url);
      if (request.headers.range === undefined) {
        response.writeHead(200, { 'content-length': content.length });
        response.write(content.slice(0, 4), () => response.destroy());
        return;
      }
      const from = Number(/\d+/.exec(request.headers.range)?.[0]);
      const range = `bytes ${from}-${content.length - 1}/${content.length}`;
      response.writeHead(206, { 'content-range': range }).end(content.slice(from));
    });
    expect(via).toEqual({ libnew: 'direct', openssl: 'direct' });
    expect(asked.map(({ url, range }) => `${url} ${range ?? 'all'}`).sort()).toEqual([
      `/${LIBNEW} all`,
      `/${LIBNEW} bytes=4-`,
      `/${OPENSSL} all`,
      `/${OPENSSL} bytes=4-`,
    ]);
  });

  it('keeps nothing of a file with another hash, has the host fetch it, and says why', async () => {
    const { bundle, via, origin } = await make((request, response) => {
      const content = contentOf(request.url);
      response.end(request.url === `/${LIBNEW}` ? content.toUpperCase() : content);
    });
    expect(via).toEqual({ libnew: 'host', openssl: 'direct' });
    expect(bundle.missing).toEqual([]);
    expect(bundle.notDirect).toEqual([
      { origin, reason: 'What came has another hash than announced; it is not used.', packages: 1 },
    ]);
    expect(parts()).toEqual([]);
  });

  it('is whole although the server sent something else and broke off: the host’s file comes from its beginning', async () => {
    const { bundle, via } = await make((request, response) => {
      if (request.headers.range !== undefined) return void response.writeHead(503).end();
      response.writeHead(200, { 'content-length': contentOf(request.url).length });
      response.write('evil', () => response.destroy());
    });
    expect(bundle.missing).toEqual([]);
    expect(via).toEqual({ libnew: 'host', openssl: 'host' });
    expect(parts()).toEqual([]);
  });

  it('asks a server that lacks one file for the others all the same', async () => {
    const { bundle, via, asked, origin } = await make((request, response) =>
      request.url === `/${OPENSSL}`
        ? void response.writeHead(404).end('gone')
        : void response.end(contentOf(request.url)),
    );
    expect(via).toEqual({ libnew: 'direct', openssl: 'host' });
    expect(bundle.notDirect).toEqual([{ origin, reason: 'the repository answers 404', packages: 1 }]);
    expect(asked.filter(({ url }) => url === `/${OPENSSL}`)).toHaveLength(1);
  });

  it('does not ask a server again whose certificate is not trusted, and says so', async () => {
    const { bundle, via, asked, origin } = await make(
      (request, response) => void response.end(contentOf(request.url)),
      [createAuthority('Another').certificate],
    );
    expect(via).toEqual({ libnew: 'host', openssl: 'host' });
    expect(bundle.notDirect).toEqual([
      { origin, reason: expect.stringMatching(/does not trust/), packages: 2 },
    ]);
    expect(asked).toEqual([]);
  });
});
