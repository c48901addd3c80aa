/** Which hosts the user's own known_hosts files know, for showing; judging a key is hostKeys.ts's business. */
import type { Host } from '../../../shared/model/host.ts';
import type { Log } from '../../core/ports.ts';
import { collectKnownKeys } from './hostKeys.ts';
import { type KnownHostLine, KnownHostsFiles, knownHostName } from './knownHosts.ts';

/** Answers are kept until a file changes: a hashed name costs an HMAC per line (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export const createKnownElsewhere = (
  files: string[],
  log: Log,
): ((hosts: Host[]) => Promise<Set<string>>) => {
  const source = new KnownHostsFiles(files, log);
  let seen: KnownHostLine[] = [];
  let answers = new Map<string, boolean>();

  const unchanged = (lines: KnownHostLine[]) =>
    lines.length === seen.length && lines.every((line, index) => line === seen[index]);

  return async (hosts) => {
    const lines = await source.lines();
    if (!unchanged(lines)) {
      seen = lines;
      answers = new Map();
    }
    const known = new Set<string>();
    for (const { id, address, port } of hosts) {
      const name = knownHostName(address, port);
      const answer = answers.get(name) ?? collectKnownKeys(address, port, [], lines).trusted.length > 0;
      answers.set(name, answer);
      if (answer) known.add(id);
    }
    return known;
  };
};
