/** Ctrl-C on a command that waits for hosts: one document, exit code 130, nothing left half-written. */
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Frostline } from './support.ts';

describe.skipIf(process.platform === 'win32')('an interruption', () => {
  const cli = new Frostline();
  /** Takes connections and says nothing, as a host that hangs does. */
  let host: Server;
  const connected = () => new Promise((resolve) => host.once('connection', resolve));

  beforeAll(async () => {
    host = createServer((socket) => socket.on('error', () => {}));
    const port = await new Promise<number>((resolve) =>
      host.listen(0, '127.0.0.1', () => {
        const address = host.address();
        resolve(address instanceof Object ? address.port : 0);
      }),
    );
    const key = cli.path('key');
    writeFileSync(key, ssh2.utils.generateKeyPairSync('ed25519').private, { mode: 0o600 });
    await cli.json('hosts', 'add', 'slow', '--address', '127.0.0.1', '--port', String(port), '--key', key);
    await cli.json('snapshot', 'create', 's', '--empty');
    await cli.json('snapshot', 'edit', 's', '--add', 'curl=8.0-1');
  });
  afterAll(() => {
    host.close();
    cli.close();
  });

  it.each([
    ['scan', ['scan', 'slow']],
    ['scan --follow', ['scan', 'slow', '--follow']],
    ['hosts trust', ['hosts', 'trust', 'slow']],
    ['plan', ['plan', 's', 'slow']],
    ['run, which has not begun', ['run', 's', 'slow', '--yes']],
    ['snapshot bundle', ['snapshot', 'bundle', 's', 'out.frost.tar', '--hosts', 'slow']],
  ])('of %s is told as one error document', async (_what, words) => {
    const { code, stdout, stderr } = await cli.run(['--json', ...words], { interrupt: connected() });
    const documents = stdout
      .trimEnd()
      .split('\n')
      .filter((line) => !line.includes('"scan.progress"'));
    expect(documents.map((line): unknown => JSON.parse(line))).toEqual([
      { error: { code: 'cancelled', message: 'Interrupted before it was done.', hint: expect.any(String) } },
    ]);
    expect(code).toBe(130);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(existsSync(cli.path('out.frost.tar'))).toBe(false);
  });

  it('is told to people in words, and ends what the host process did for it', async () => {
    const { code, stdout, stderr } = await cli.run(['scan', 'slow'], { interrupt: connected() });
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toContain('Interrupted before it was done.');
    const { document } = await cli.json('runs', 'list');
    expect(document).toEqual({ runs: [] });
  });
});
