/** The abort probe's command, run for real in this machine's shell. */
import { describe, expect, it } from 'vitest';
import { localProbe } from '../../../main/adapters/localProbe.ts';

const run = (command: string, o: { timeoutMs?: number; signal?: AbortSignal } = {}) =>
  localProbe.run(command, {
    timeoutMs: o.timeoutMs ?? 30_000,
    signal: o.signal ?? new AbortController().signal,
  });

describe('the abort probe', () => {
  it.each([
    ['echo errors: 7 %; exit 0', 'met', 'errors: 7 %'],
    ['echo all is well >&2; exit 1', 'clear', 'all is well'],
    ['echo first; echo last; exit 2', 'unreadable', 'exit code 2: last'],
    ['no-such-program-anywhere', 'unreadable', 'exit code 127'],
  ] as const)('%s is %s', async (command, result, detail) => {
    const said = await run(command);
    expect(said.result).toBe(result);
    expect(said.detail).toContain(detail);
  });

  it('that takes too long tells nothing, and is ended with all that it started', async () => {
    const said = await run('sleep 300 & wait', { timeoutMs: 50 });
    expect(said).toEqual({ result: 'unreadable', detail: 'it took longer than 0.05 s' });
  });

  it('is ended with the run', async () => {
    const stop = new AbortController();
    const running = run('sleep 300', { signal: stop.signal });
    stop.abort();
    expect((await running).result).toBe('unreadable');
  });

  it('shows what a command says as one line of text', async () => {
    const { detail } = await run(`printf 'red\\033[31m alert\\n'; exit 0`);
    expect(detail).not.toMatch(/\p{Cc}/u);
  });

  it('survives a flood of output', async () => {
    expect((await run('head -c 50000000 /dev/zero; exit 1')).result).toBe('clear');
  });
});
