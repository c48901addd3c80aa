/** Brings an inventory file into the fleet: what is new is added, what is known takes over what the file says, nothing is removed. */
import type { z } from 'zod';
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { ok, type Result } from '../../../shared/errors.ts';
import { Host, NewHost } from '../../../shared/model/host.ts';
import { issueText } from '../inputWords.ts';
import type { Ports } from '../ports.ts';
import { byName, fits } from './describe.ts';
import { type Candidate, type JumpWish, type Skipped, shown } from './import/candidate.ts';
import { readInventory } from './import/read.ts';
import { compareNames } from './selector.ts';

type Change = { host: Host; before: Host | undefined };

type Nearby = { name: string; address: string; user?: string | undefined; port?: number | undefined };

/** Finds the host a file means by a name or an address; those of the file come before those of the fleet. */
const jumpFinder = (hosts: Nearby[]): ((jump: Exclude<JumpWish, null>) => string | undefined) => {
  const places = new Map<string, Nearby[]>();
  for (const host of hosts)
    for (const word of new Set([host.name.toLowerCase(), host.address.toLowerCase()])) {
      const there = places.get(word);
      if (there === undefined) places.set(word, [host]);
      else there.push(host);
    }
  return (jump) =>
    places
      .get(jump.host.toLowerCase())
      ?.find(
        (host) =>
          (jump.user === undefined || host.user === undefined || host.user === jump.user) &&
          (jump.port === undefined || (host.port ?? 22) === jump.port),
      )?.name;
};

const same = (a: Host, b: Host): boolean => {
  const text = (host: Host): string =>
    JSON.stringify(
      Object.entries({ ...host, updatedAt: '', tags: Object.entries(host.tags).sort() })
        .filter(([, value]) => value !== undefined)
        .sort(([left], [right]) => (left < right ? -1 : 1)),
    );
  return text(a) === text(b);
};

const firstIssue = ({ issues: [issue] }: z.ZodError): string =>
  issue === undefined ? 'It is not valid.' : shown(issueText(issue));

/** The host as it would be with what the file says; a text says why it cannot be. */
const merge = (
  ports: Ports,
  candidate: Candidate,
  before: Host | undefined,
  jump: string | undefined,
): Host | string => {
  const { tags, jump: wish, ...said } = candidate;
  const now = new Date(ports.clock.now()).toISOString();
  if (before === undefined) {
    const made = NewHost.safeParse({
      user: ports.user,
      auth: { kind: 'agent' },
      ...said,
      tags,
      ...(jump === undefined ? {} : { jump }),
    });
    if (!made.success) return firstIssue(made.error);
    const { secrets: _, ...rest } = made.data;
    const host = Host.safeParse({ ...rest, id: ports.random.id(), createdAt: now, updatedAt: now });
    return host.success ? host.data : firstIssue(host.error);
  }
  const { jump: oldJump, ...kept } = before;
  const newJump = wish === null ? undefined : (jump ?? oldJump);
  const merged = Host.safeParse({
    ...kept,
    ...said,
    name: before.name,
    tags: { ...before.tags, ...tags },
    updatedAt: now,
    ...(newJump === undefined ? {} : { jump: newJump }),
  });
  return merged.success ? merged.data : firstIssue(merged.error);
};

/** Takes out, until nothing more falls, the hosts that cannot stand in the fleet that the rest would make. */
const settle = (
  present: Host[],
  wanted: Change[],
  skip: (name: string, reason: string) => void,
): Change[] => {
  let left = wanted;
  for (;;) {
    const fleet = new Map(present.map((host) => [host.id, host]));
    for (const { host } of left) fleet.set(host.id, host);
    const others = byName(fleet.values());
    const standing = left.filter(({ host }) => {
      const fit = fits(host, others);
      if (!fit.ok) skip(host.name, fit.error.message);
      return fit.ok;
    });
    if (standing.length === left.length) return left;
    left = standing;
  }
};

export const importHosts = (
  ports: Ports,
  input: HandlerInput<'hosts.import'>,
  activeRun: (hostId: string) => string | undefined,
): Result<Output<'hosts.import'>> => {
  const inventory = readInventory(input.text, input.fileName, input.format);
  if (!inventory.ok) return inventory;
  const skipped: Skipped[] = [...inventory.value.skipped];
  const skip = (name: string, reason: string): void =>
    void skipped.push({ name: shown(name), reason: shown(reason, 1000) });
  const present = ports.store.hosts();
  const known = byName(present);
  const findJump = jumpFinder([...inventory.value.candidates, ...present]);
  const wanted: Change[] = [];
  for (const candidate of inventory.value.candidates) {
    const before = known.hostByName(candidate.name);
    const jump = candidate.jump == null ? undefined : findJump(candidate.jump);
    if (candidate.jump != null && jump === undefined) {
      skip(
        candidate.name,
        `It is reached through ${candidate.jump.host}, and there is no such host; add that one first.`,
      );
      continue;
    }
    const host = merge(ports, candidate, before, jump);
    if (typeof host === 'string') skip(candidate.name, host);
    else if (before === undefined) wanted.push({ host, before });
    else if (same(host, before)) skip(candidate.name, 'Known already; nothing to change.');
    else if (activeRun(before.id) !== undefined)
      skip(
        candidate.name,
        `It takes part in run ${activeRun(before.id)}; it can be changed when that has finished.`,
      );
    else wanted.push({ host, before });
  }
  const done = settle(present, wanted, skip);
  if (!input.dryRun && done.length > 0) {
    ports.store.putHosts(done.map((change) => change.host));
    for (const { before } of done) if (before !== undefined) ports.transport.release(before.id);
    ports.changes.announce({ type: 'hosts' });
  }
  const pick = (isNew: boolean): Host[] =>
    done
      .filter((change) => (change.before === undefined) === isNew)
      .map((change) => change.host)
      .sort(compareNames);
  return ok({ added: pick(true), changed: pick(false), skipped });
};
