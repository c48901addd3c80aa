/** A host that talks without end while its job runs, and an audit log that misses nothing. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withAudit } from '../../main/api/audit.ts';
import { driverFor } from '../../main/core/drivers/registry.ts';
import type { StepContext } from '../../main/core/runs/contact.ts';
import { follow, MAX_LINES } from '../../main/core/runs/follow.ts';
import { hostTools } from '../../main/core/runs/tools.ts';
import type { Handlers } from '../../shared/contract/contract.ts';
import { ok } from '../../shared/errors.ts';
import { createRig, must, type Rig, script, to } from '../unit/ssh/rig.ts';

describe('a job’s log without end', () => {
  test('is cut off in the console, and judged by its end all the same', async () => {
    const lines: string[] = [];
    const mark = { log: 0, progress: 0 };
    const chunk = 'x\n'.repeat(30_000);
    const context = {
      ports: {
        clock: { now: () => 0, wait: () => new Promise<boolean>(() => {}) },
        random: { hex: (n: number) => 'a'.repeat(n) },
        transport: {
          run: async (_route: unknown, spec: { script: string }, o: { onStdout(chunk: Buffer): void }) => {
            const nonce = /^N=([0-9a-f]+)$/m.exec(spec.script)?.[1];
            const say = (text: string) => o.onStdout(Buffer.from(text));
            say(`@@${nonce} begin\n`);
            for (let i = 0; i < 20; i++)
              say(`@@${nonce} log ${i * chunk.length} ${chunk.length}\n${chunk}\n`);
            say(`@@${nonce} log ${20 * chunk.length} 9\nthe last\n\n@@${nonce} exit 10\n`);
            return ok({ stdout: '', stderr: '', exitCode: 0 });
          },
        },
      },
      tools: hostTools,
      signal: new AbortController().signal,
      resumed: false,
      task: () => ({ host: 'web-1', follow: mark, progress: null }),
      progress: () => {},
      output: (said: string[]) => {
        for (const line of said) lines.push(line);
      },
    };
    const driver = driverFor('apt');
    // Only what a follow touches is there.
    const end = await follow(
      context as unknown as StepContext,
      { driver, route: {}, host: {} } as never,
      'token',
      1,
    );
    expect(end).toMatchObject({ kind: 'exit', code: 10 });
    expect(end.kind === 'exit' && end.logTail.split('\n').at(-1)).toBe('the last');
    expect(lines).toHaveLength(MAX_LINES + 1);
    expect(lines.at(-1)).toContain('too long to be kept');
  });
});

describe('a streamed command’s error output without end', () => {
  let rig: Rig;
  beforeEach(() => {
    rig = createRig();
  });
  afterEach(() => rig.close());

  test('is kept in its beginning only', async () => {
    const server = await rig.server({
      onExec: (channel, command) => {
        const ready = `${/frostline-[0-9a-f]+-ready/.exec(command)?.[0] ?? ''}\n`;
        channel.stderr.write(ready);
        channel.write(ready);
        channel.once('data', () => {
          let left = 64;
          const more = (): void => {
            while (left > 0) {
              left--;
              if (!channel.stderr.write('e'.repeat(32_768))) return void channel.stderr.once('drain', more);
            }
            channel.exit(0);
            channel.end();
          };
          more();
        });
      },
    });
    const spec = { ...script('true'), maxOutputBytes: Number.MAX_SAFE_INTEGER };
    const output = must(await rig.transport().run(to(rig.host(server)), spec, { onStdout: () => {} }));
    expect(output.stderr).toHaveLength(65_536);
  });
});

describe('the audit log', () => {
  test('has what broke in the middle, without its secrets', async () => {
    const entries: { action: string; outcome: string; detail: string }[] = [];
    const audited = withAudit(
      {
        'system.unlock': () => {
          throw new Error('a defect');
        },
      } as unknown as Handlers,
      {
        clock: { now: () => 0 },
        user: 'anna',
        store: { appendAudit: (entry: (typeof entries)[number]) => entries.push(entry) },
        log: { write: () => {} },
      } as never,
    );
    const caller = { signal: new AbortController().signal, actor: 'cli' };
    const call = audited['system.unlock'];
    await expect(async () => call({ passphrase: 'hunter2' }, caller)).rejects.toThrow('a defect');
    expect(entries).toMatchObject([
      { action: 'system.unlock', outcome: 'begun' },
      { action: 'system.unlock', outcome: 'internal', begun: 1 },
    ]);
    expect(JSON.stringify(entries)).not.toContain('hunter2');
  });
});
