/**
 * Logging in with what is configured for the host, and nothing else: no other key, no other method, and a password is sent
 * once only, so that a wrong one never locks an account.
 */
import ssh2, { type AnyAuthMethod, type AuthenticationType, type BaseAgent } from 'ssh2';
import { type FrostError, fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Vault } from '../../core/ports.ts';
import type { KeyFiles } from './keyFile.ts';
import { clean } from './words.ts';

/** Asked for the next thing to try; a FrostError ends the attempt. */
export type Login = (
  methodsLeft: readonly AuthenticationType[],
  partial: boolean,
) => AnyAuthMethod | FrostError;

const denied = (host: Host, method: string, hint?: string): FrostError =>
  frostError('host.auth-failed', `${host.name} does not let ${host.user} in with ${method}.`, {
    host: host.name,
    ...(hint === undefined ? {} : { hint }),
  });

const alsoWants = (host: Host, method: string, left: readonly AuthenticationType[]): FrostError =>
  frostError(
    'host.auth-failed',
    `${host.name} accepted ${method} for ${host.user} but wants a second proof (${clean(left.join(', '), 100)}), which Frostline cannot give.`,
    { host: host.name },
  );

const keyLogin = (host: Host, method: AnyAuthMethod, words: string, hint: string): Login => {
  let tried = false;
  return (left, partial) => {
    if (!tried) {
      tried = true;
      return method;
    }
    return partial ? alsoWants(host, words, left) : denied(host, words, hint);
  };
};

/** Begins with `none`, which only asks for the methods, so that the password goes to exactly one of them. */
const passwordLogin = (host: Host, password: string): Login => {
  let step: 'ask' | 'send' | 'sent' = 'ask';
  let problem: FrostError | undefined;
  return (left, partial) => {
    if (step === 'ask') {
      step = 'send';
      return { type: 'none', username: host.user };
    }
    if (step === 'send') {
      step = 'sent';
      if (left.includes('password')) return { type: 'password', username: host.user, password };
      if (left.includes('keyboard-interactive')) {
        let answered = false;
        return {
          type: 'keyboard-interactive',
          username: host.user,
          prompt: (_name, _instructions, _lang, prompts, finish) => {
            const [only] = prompts;
            if (!answered && prompts.length === 1 && only !== undefined && only.echo !== true) {
              answered = true;
              finish([password]);
              return;
            }
            problem ??= frostError(
              'host.auth-failed',
              `${host.name} asks ${host.user} for more than a password: “${clean(prompts.map((p) => p.prompt).join(' '), 100)}”.`,
              { host: host.name },
            );
            finish(prompts.map(() => ''));
          },
        };
      }
      return frostError('host.auth-failed', `${host.name} does not take passwords from ${host.user}.`, {
        host: host.name,
        hint: `It takes: ${clean(left.join(', '), 100) || 'nothing'}.`,
      });
    }
    if (problem !== undefined) return problem;
    return partial
      ? alsoWants(host, 'the password', left)
      : denied(host, 'the stored password', 'The password is wrong, or the account is locked or expired.');
  };
};

const identitiesOf = (agent: BaseAgent, timeoutMs: number): Promise<{ count: number } | { error: Error }> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve({ error: new Error('it does not react') }), timeoutMs);
    agent.getIdentities((error, keys) => {
      clearTimeout(timer);
      if (error) resolve({ error });
      else resolve({ count: keys?.length ?? 0 });
    });
  });

const agentLogin = async (
  host: Host,
  socket: string | undefined,
  timeoutMs: number,
): Promise<Result<Login>> => {
  const bad = (message: string, hint: string) => fail('host.auth-failed', message, { host: host.name, hint });
  if (socket === undefined || socket === '')
    return bad(
      `${host.name} is set to log in through an SSH agent, but none runs here (SSH_AUTH_SOCK is not set).`,
      'Start an agent and load the key with ssh-add before Frostline is started, or give the host a key file.',
    );
  const agent = ssh2.createAgent(socket);
  const found = await identitiesOf(agent, timeoutMs);
  if ('error' in found)
    return bad(
      `The SSH agent at ${clean(socket, 200)} does not answer: ${clean(found.error.message)}.`,
      'Start the agent again, or give the host a key file.',
    );
  if (found.count === 0)
    return bad('The SSH agent holds no keys.', `Load the key for ${host.name} with ssh-add.`);
  const words = `the ${found.count === 1 ? 'key' : `${found.count} keys`} of the SSH agent`;
  return ok(
    keyLogin(
      host,
      { type: 'agent', username: host.user, agent },
      words,
      `Load the right key with ssh-add, or add it to ~/.ssh/authorized_keys of ${host.user} on the host.`,
    ),
  );
};

export const loginFor = async (
  host: Host,
  o: { vault: Vault; keyFiles: KeyFiles; agentSocket: string | undefined; timeoutMs: number },
): Promise<Result<Login>> => {
  switch (host.auth.kind) {
    case 'key': {
      const key = await o.keyFiles.load(host, host.auth.keyFile);
      if (!key.ok) return key;
      return ok(
        keyLogin(
          host,
          { type: 'publickey', username: host.user, key: key.value },
          `the key ${host.auth.keyFile}`,
          `Add its public half to ~/.ssh/authorized_keys of ${host.user} on the host; the account may also be locked or expired.`,
        ),
      );
    }
    case 'password': {
      const secret = await o.vault.get(`host/${host.id}/password`);
      if (!secret.ok) return { ok: false, error: { ...secret.error, host: host.name } };
      if (secret.value === undefined || secret.value === '')
        return fail('host.auth-failed', `No password is stored for ${host.user} on ${host.name}.`, {
          host: host.name,
          hint: 'Store one with the host, or give it a key file.',
        });
      return ok(passwordLogin(host, secret.value));
    }
    case 'agent':
      return agentLogin(host, o.agentSocket, o.timeoutMs);
  }
};
