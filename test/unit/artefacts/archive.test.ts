/** An archive like snapshot.debian.org, on loopback: what is asked of it, and what it may answer. */
import { randomBytes } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  ARCHIVE_SETTING,
  archiveAddress,
  createDebianArchive,
} from '../../../main/adapters/archive/debian.ts';
import type { ArtefactKey } from '../../../main/core/artefacts/ports.ts';
import { type SupplyPorts, supply } from '../../../main/core/artefacts/supply.ts';
import { createMemoryArtefacts } from '../../support/memoryArtefacts.ts';
import { createMemoryStore } from '../../support/memoryStore.ts';
import { collectingLog, fakeClock, seededRandom } from '../../support/ports.ts';
import { createSimulatedFleet } from '../../support/simulatedFleet.ts';
import { KEY, sha1, sha256 } from './rig.ts';

const CONTENT = randomBytes(200_000);
const HASH = sha1(CONTENT);
const signal = new AbortController().signal;

const binfiles = (file: object = {}) => ({
  _comment: 'foo',
  binary: 'curl',
  binary_version: '7.88-1',
  fileinfo: {
    [HASH]: [{ archive_name: 'debian', name: 'curl_7.88-1_amd64.deb', size: CONTENT.length, ...file }],
  },
  result: [
    { architecture: 'i386', hash: 'f'.repeat(40) },
    { architecture: 'amd64', hash: HASH },
  ],
});

/** Answers by path; everything asked is recorded. */
const serve = async (answers: Record<string, RequestListener>, timeoutMs?: number) => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url}${request.headers.range === undefined ? '' : ` ${request.headers.range}`}`);
    const answer = answers[request.url ?? ''];
    if (answer) answer(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const store = createMemoryStore();
  store.putSetting(ARCHIVE_SETTING, `http://127.0.0.1:${port}/`);
  const archive = createDebianArchive({ settings: store, ...(timeoutMs !== undefined && { timeoutMs }) });
  return { archive, asked, store, port };
};
const closedPort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};
const json =
  (value: unknown): RequestListener =>
  (_, response) =>
    void response.end(JSON.stringify(value));
const MR = '/mr/binary/curl/7.88-1/binfiles?fileinfo=1';
const FILE = `/file/${HASH}`;
const file: RequestListener = (request, response) => {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from === 0) response.end(CONTENT);
  else
    response
      .writeHead(206, { 'content-range': `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}` })
      .end(CONTENT.subarray(from));
};

describe('the address', () => {
  test.each([
    ['https://snapshot.debian.org/', 'https://snapshot.debian.org'],
    ['https://mirror.example/snapshot//', 'https://mirror.example/snapshot'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://localhost', 'http://localhost'],
  ])('%s is taken', (text, used) => expect(archiveAddress(text)).toEqual({ ok: true, value: used }));

  test.each([
    'http://snapshot.debian.org',
    'http://127.0.0.1.example.org',
    'ftp://x',
    'file:///etc/passwd',
    'https://user:secret@x',
    'https://x/?a',
    'nonsense',
    '',
  ])('%s is refused', (text) =>
    expect(archiveAddress(text)).toMatchObject({ error: { code: 'input.invalid' } }),
  );
});

describe('an archive', () => {
  test('is asked only where the admin has named one', async () => {
    const store = createMemoryStore();
    const archive = createDebianArchive({ settings: store });
    expect(archive.nameFor('apt')).toBeUndefined();
    expect(await archive.locate(KEY, signal)).toEqual({ ok: true, value: undefined });
    store.putSetting(ARCHIVE_SETTING, 'https://snapshot.example/');
    expect(archive.nameFor('apt')).toBe('snapshot.example');
    expect(archive.nameFor('dnf')).toBeUndefined();
  });

  test('names the file of the right architecture, by SHA-1 and size', async () => {
    const { archive, asked } = await serve({ [MR]: json(binfiles()) });
    expect(await archive.locate(KEY, signal)).toEqual({
      ok: true,
      value: { key: KEY, sha1: HASH, bytes: CONTENT.length },
    });
    expect(await archive.locate({ ...KEY, arch: 'arm64' }, signal)).toEqual({ ok: true, value: undefined });
    expect(await archive.locate({ ...KEY, version: '1:2+b~1' }, signal)).toEqual({
      ok: true,
      value: undefined,
    });
    expect(asked.at(-1)).toBe('/mr/binary/curl/1%3A2%2Bb~1/binfiles?fileinfo=1');
  });

  test.each([
    ['no JSON', ((_, response) => response.end('<html>')) as RequestListener, 'JSON'],
    ['another form', json({ result: 'none' }), 'form'],
    ['no size', json(binfiles({ size: -1 })), 'form'],
    [
      'a path for a hash',
      json({ ...binfiles(), result: [{ architecture: 'amd64', hash: '../../etc' }] }),
      'hash',
    ],
    ['an error', ((_, response) => response.writeHead(503).end()) as RequestListener, '503'],
    [
      'no end',
      ((_, response) => {
        const more = () => {
          while (response.write('x'.repeat(65_536)));
        };
        response.on('drain', more);
        more();
      }) as RequestListener,
      'without end',
    ],
    [
      'an address without https',
      ((_, response) =>
        response.writeHead(302, { location: 'http://example.org/' }).end()) as RequestListener,
      'elsewhere',
    ],
    [
      'a circle',
      ((_, response) => response.writeHead(302, { location: MR }).end()) as RequestListener,
      'circles',
    ],
  ])('that answers with %s is told by it', async (_what, answer, word) => {
    const { archive } = await serve({ [MR]: answer });
    expect(await archive.locate(KEY, signal)).toMatchObject({
      ok: false,
      error: { code: 'host.repository', message: expect.stringContaining(word) },
    });
  });

  test('that is silent, or not there, ends within the time limit', async () => {
    const { archive, store } = await serve({ [MR]: () => {} }, 50);
    expect(await archive.locate(KEY, signal)).toMatchObject({
      error: { message: expect.stringContaining('silent') },
    });
    store.putSetting(ARCHIVE_SETTING, `http://127.0.0.1:${await closedPort()}`);
    expect(await archive.locate(KEY, signal)).toMatchObject({
      error: { code: 'host.repository', message: expect.stringContaining('ECONNREFUSED') },
    });
    expect(await archive.locate(KEY, AbortSignal.abort())).toMatchObject({ error: { code: 'cancelled' } });
  });
});

describe('what hosts lack, from the archive into the store', () => {
  const lacking = async (answers: Record<string, RequestListener>, settings: Record<string, string> = {}) => {
    const served = await serve(answers);
    for (const [key, text] of Object.entries(settings)) served.store.putSetting(key, text);
    const clock = fakeClock();
    const fleet = createSimulatedFleet(clock);
    const artefacts = createMemoryArtefacts();
    const ports: SupplyPorts = {
      artefacts,
      archive: served.archive,
      store: served.store,
      transport: fleet.transport,
      random: seededRandom(),
      clock: { ...clock, wait: async () => true },
      log: collectingLog(),
    };
    const { host } = fleet.add('h1', {});
    const key: ArtefactKey = KEY;
    const holdings = await supply(ports, [{ host, driver: fleet.driver, lacks: [key] }], signal);
    return { ...served, artefacts, holdings };
  };

  test('it is fetched, checked and counted on', async () => {
    const { artefacts, holdings } = await lacking({ [MR]: json(binfiles()), [FILE]: file });
    expect(artefacts.entries).toMatchObject([{ ...KEY, sha256: sha256(CONTENT), source: 'archive' }]);
    expect(holdings.held('apt')(KEY.name, KEY.arch, KEY.version)).toMatchObject({ source: 'archive' });
  });

  test('a download that breaks off goes on where it was', async () => {
    let times = 0;
    const { artefacts, asked } = await lacking({
      [MR]: json(binfiles()),
      [FILE]: (request, response) => {
        times += 1;
        if (times > 1) return file(request, response);
        response.writeHead(200, { 'content-length': CONTENT.length });
        response.write(CONTENT.subarray(0, 90_000), () => response.destroy());
      },
    });
    expect(artefacts.entries).toHaveLength(1);
    expect(asked.at(-1)).toMatch(/bytes=[1-9]\d*-$/);
  });

  test('one that knows no ranges is read from its beginning, without taking a byte twice', async () => {
    let times = 0;
    const { artefacts } = await lacking({
      [MR]: json(binfiles()),
      [FILE]: (_, response) => {
        times += 1;
        if (times > 1) return void response.end(CONTENT);
        response.writeHead(200, { 'content-length': CONTENT.length });
        response.write(CONTENT.subarray(0, 90_000), () => response.destroy());
      },
    });
    expect(artefacts.entries).toMatchObject([{ sha256: sha256(CONTENT) }]);
  });

  test.each([
    [
      'another content',
      { [FILE]: ((_, r) => r.end(Buffer.alloc(CONTENT.length))) as RequestListener },
      {},
      'hash',
    ],
    ['too little', { [FILE]: ((_, r) => r.end(CONTENT.subarray(1))) as RequestListener }, {}, 'too early'],
    ['nothing', {}, {}, '404'],
    ['a file that is too large', { [FILE]: file }, { 'artefacts.max-file': '1000' }, 'of one file'],
  ])('%s is not taken, and the plan says why', async (_what, answers, settings, word) => {
    const { artefacts, holdings } = await lacking({ [MR]: json(binfiles()), ...answers }, settings);
    expect(artefacts.entries).toEqual([]);
    expect(holdings.has(KEY)).toBe(false);
    expect(holdings.trouble(KEY)).toContain(word);
  });
});
