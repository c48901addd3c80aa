/** Small valid things for the tests of rules. */
import type { Candidate, Rule, RuleSet } from '../../../shared/model/rule.ts';

export const NOW = Date.parse('2026-11-23T14:00:00.000Z');
export const daysAgo = (days: number): string => new Date(NOW - days * 86_400_000).toISOString();

export const makeCandidate = (name: string, change: Partial<Candidate> = {}): Candidate => ({
  ecosystem: 'apt',
  name,
  arch: 'amd64',
  version: '1.0-2',
  platforms: [{ distro: 'debian', release: '12' }],
  origins: ['Debian:12/stable'],
  severity: 'unknown',
  classification: 'bugfix',
  advisories: [],
  cves: [],
  grounds: [{ source: 'hosts', asOf: null }],
  firstSeen: daysAgo(10),
  hosts: ['web-1'],
  heldOn: [],
  ...change,
});

export const makeRules = (rules: Rule[], change: Partial<RuleSet> = {}): RuleSet => ({
  name: 'baseline',
  rules,
  ...change,
});
