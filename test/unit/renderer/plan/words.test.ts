import { describe, expect, it } from 'vitest';
import { byProof, proofCounts, proofRows } from '../../../../renderer/features/plan/proof.ts';
import { slowStartText, topics, wavesText } from '../../../../renderer/features/plan/words.ts';
import { parameters } from '../run/samples.ts';
import { host } from './samples.ts';

const said = (more: Parameters<typeof parameters>[0], hosts: Parameters<typeof topics>[1] = []) =>
  topics(parameters(more), hosts)
    .flatMap((topic) => topic.said)
    .join('\n');

describe('the parameters of a plan', () => {
  it('are said as what they come to', () => {
    const text = said({ targets: 12, concurrency: 6, maxFailures: '25%', abortsAtFailure: 4 });
    expect(text).toContain('At most 6 hosts at once.');
    expect(text).toContain('Aborts at the 4th failed host (max failures 25% of 12 hosts).');
    expect(text).toContain(
      "A host's change may take 2 hours, each phase before it 1 hour; it waits 5 minutes for another package manager to finish.",
    );
  });

  it('say when the run never aborts by itself, and when a share of the completed ends it', () => {
    expect(said({ abortsAtFailure: null })).toContain('Never aborts');
    expect(
      said({
        abortsAtFailure: null,
        abortsAtShare: { percent: 20, minCompleted: 5 },
        maxFailures: '20%-of-completed',
      }),
    ).toContain('more than 20 % of the completed hosts have failed, once 5 hosts have completed');
  });

  it('name the hosts of small waves, and what opens the next', () => {
    const hosts = [
      host('web1', 'ready', { wave: 1 }),
      ...['web2', 'web3'].map((name) => host(name, 'ready', { wave: 2 })),
      ...[4, 5, 6, 7, 8, 9, 10].map((n) => host(`web${n}`, 'ready', { wave: 3 })),
    ];
    expect(wavesText([1, 2, 7], { kind: 'manual' }, hosts)).toBe(
      'Waves: 1 host (web1), then 2 (web2, web3), then 7; the next begins when you approve it.',
    );
    expect(wavesText([10], { kind: 'manual' }, hosts)).toBe('All hosts in one wave.');
    expect(wavesText([1, 9], { kind: 'soak', seconds: 1800 })).toContain(
      '30 minutes after the hosts before it',
    );
  });

  it('say how a slow start grows to the cap', () => {
    expect(slowStartText(6)).toBe(
      'Slow start: 1 host at first, 2 once 1 has ended well, 4 once 3 have ended well, 6 once 7 have ended well.',
    );
    expect(slowStartText(1)).toBe('Slow start: 1 host at once anyway.');
  });

  it('tell hooks, probes and the window with their limits, and nothing of what was not asked for', () => {
    const text = said({
      before: 'drain',
      probe: 'curl -f localhost',
      abortIf: 'nagios-check',
      until: '2026-11-24T04:00:00.000Z',
    });
    expect(text).toContain('“drain” as root');
    expect(text).toContain('tried up to 6 times, 10 seconds apart, 30 seconds each');
    expect(text).toContain('Every 30 seconds this machine runs “nagios-check”');
    expect(text).toContain('The window ends at');
    expect(topics(parameters()).map((topic) => topic.title)).not.toContain('Hooks and health');
    expect(said({})).not.toContain('window');
  });
});

describe('the rollback proof of a plan', () => {
  const proven = {
    package: 'curl',
    version: '1',
    proof: 'proven',
    source: 'host',
    reason: 'in its cache',
  } as const;
  const gone = {
    package: 'agent',
    version: '2',
    proof: 'impossible',
    source: 'none',
    reason: 'nowhere',
  } as const;
  const hosts = [
    host('a', 'ready', { reasons: [proven, gone], proof: 'impossible' }),
    host('b', 'ready', { reasons: [proven] }),
  ];

  it('is one row for each package and reason, with its hosts', () => {
    expect(proofRows(hosts).map((row) => [row.package, row.proof, row.hosts.join('+')])).toEqual([
      ['curl', 'proven', 'a+b'],
      ['agent', 'impossible', 'a'],
    ]);
  });

  it('stands with what falls short first, and is counted by host', () => {
    expect(byProof([proven, gone]).map((each) => each.package)).toEqual(['agent', 'curl']);
    expect(proofCounts(hosts)).toEqual({ proven: 1, 'best-effort': 0, impossible: 1 });
  });
});
