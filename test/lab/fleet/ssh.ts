import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ran, run } from './process.ts';

/** The OpenSSH client, for proving things about hosts with an independent program. */

export interface SshLogin {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** The known_hosts text that must vouch for the host. */
  readonly knownHosts: string;
  /** Private key file. */
  readonly key?: string;
  /** The answer to whatever the client asks: the key's passphrase or the login password. */
  readonly secret?: string;
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** Runs one command through `ssh`. Exit code 255 is the client's own failure (refused, changed key, lost). */
export const ssh = async (login: SshLogin, command: string): Promise<Ran> => {
  const dir = await mkdtemp(join(tmpdir(), 'frostline-lab-ssh-'));
  try {
    const known = join(dir, 'known_hosts');
    await writeFile(known, login.knownHosts);
    const askpass = join(dir, 'askpass');
    await writeFile(askpass, '#!/bin/sh\nprintf "%s\\n" "$LAB_SECRET"\n');
    await chmod(askpass, 0o700);
    const methods = login.key === undefined ? 'password' : 'publickey';
    const options = {
      BatchMode: login.secret === undefined ? 'yes' : 'no',
      IdentitiesOnly: 'yes',
      IdentityAgent: 'none',
      NumberOfPasswordPrompts: '1',
      PreferredAuthentications: methods,
      StrictHostKeyChecking: 'yes',
      UserKnownHostsFile: known,
      GlobalKnownHostsFile: '/dev/null',
      ConnectTimeout: '10',
    };
    const args = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    if (login.key !== undefined) args.push('-i', login.key);
    return await run(
      'ssh',
      ['-F', 'none', ...args, '-p', String(login.port), `${login.user}@${login.address}`, command],
      {
        env: {
          PATH: process.env.PATH ?? '/usr/bin:/bin',
          SSH_ASKPASS: askpass,
          SSH_ASKPASS_REQUIRE: 'force',
          LAB_SECRET: login.secret ?? '',
        },
        ...(login.input !== undefined && { input: login.input }),
        ...(login.timeoutMs !== undefined && { timeoutMs: login.timeoutMs }),
      },
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};
