/** What a person sees while a run is followed: on a plain stream, and on a terminal. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Context } from '../../../main/shells/cli/context.ts';
import { Display } from '../../../main/shells/cli/display.ts';
import { RunEvent } from '../../../shared/model/run.ts';
import { CREATED, hostPlan, planWith } from './plans.ts';

const ID = '12345678-0000-4000-8000-000000000000';
const { parameters } = planWith({ waves: ['1'], gate: 'manual' }, [hostPlan('web1'), hostPlan('web2')]);

/** What stood in the live lines before is gone. */
const CLEARED = '\u001b[0J';

let written = '';
beforeEach(() => {
  written = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written += String(text);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

const shown = (events: object[], o: { output?: boolean } = {}): string[] => {
  const display = new Display(new Context({ color: false }), o.output === true);
  events.forEach((event, index) => {
    display.add(RunEvent.parse({ seq: index + 1, at: CREATED, run: ID, ...event }));
  });
  return written.split('\n').filter((line) => line !== '');
};

const started = {
  type: 'run.started',
  snapshot: 'november',
  revision: 3,
  hosts: ['web1', 'web2'],
  parameters,
};
const waiting = { type: 'wave.waiting', wave: 2, of: 2, gate: 'manual' };

describe('on a plain stream', () => {
  test('a wave that waits says how to go on', () => {
    expect(shown([started, { type: 'wave.started', wave: 1, of: 2, hosts: ['web1'] }, waiting])).toEqual([
      `Run ${ID}: november @3 on 2 hosts`,
      'Wave 1 of 2: 1 host (web1)',
      `Wave 2 of 2 waits to be approved: frostline runs approve ${ID}`,
    ]);
  });

  test('an abort is told with its arithmetic and the hosts', () => {
    const cause = { kind: 'threshold', failed: ['web1'], of: 2, limit: 1, share: false };
    const reason = '1 of 2 hosts failed; the run aborts at 1';
    expect(shown([{ type: 'run.aborting', reason, cause }])).toEqual([
      `Aborting: ${reason}`,
      '  failed: web1',
    ]);
  });

  test('a restart is a state like others', () => {
    expect(shown([{ type: 'task.state', host: 'web1', from: 'verifying', to: 'rebooting' }])).toEqual([
      'web1                 rebooting',
    ]);
  });

  test('what hosts print is shown where it was asked for, without their control characters', () => {
    const line = { type: 'task.output', host: 'web1', line: 'a\tb' };
    expect(shown([line])).toEqual([]);
    expect(shown([line], { output: true })).toEqual(['web1                 | a b']);
  });

  test('a rollback that stopped the others names them', () => {
    expect(shown([{ type: 'run.rollback-stopped', host: 'web1', left: ['web2'] }])[0]).toMatch(
      /^The rollback of web1 failed; .* left as they are: web2\./,
    );
  });
});

describe('on a terminal', () => {
  beforeEach(() => {
    for (const [name, value] of Object.entries({ isTTY: true, columns: 40, rows: 10 }))
      Object.defineProperty(process.stdout, name, { value, configurable: true });
  });
  afterEach(() => {
    for (const name of ['isTTY', 'columns', 'rows']) Reflect.deleteProperty(process.stdout, name);
  });

  test('the gate stays in sight below the bar, and no live line wraps', () => {
    const lines = shown([started, waiting]);
    expect(lines).toContain('wave 2 of 2 waits for its gate');
    const live = lines.filter((line) => /[█░]/.test(line)).map((line) => line.split(CLEARED).at(-1) ?? '');
    expect(live.length).toBeGreaterThan(0);
    for (const line of live) expect(line.length).toBeLessThan(40);
  });

  test('an opened gate is gone', () => {
    const last = shown([started, waiting, { type: 'wave.started', wave: 2, of: 2, hosts: ['web2'] }]).at(-1);
    expect(last).not.toContain('waits');
  });
});
