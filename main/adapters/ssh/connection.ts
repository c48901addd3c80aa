/** A logged-in connection that commands share. Knows when it is over, and how many sessions the host takes at once. */
import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { type FrostError, fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Dialled } from './dial.ts';
import { causeOf, clean, place } from './words.ts';

/** OpenSSH's default MaxSessions is 10; two are left for the admin's own use of a shared connection. */
const MAX_SESSIONS = 8;
/** A host that asks for new keys this often within a minute is wasting our time on purpose. */
const MAX_REKEYS_PER_MINUTE = 1_000;
/** How long a host may take to show that it still listens before the connection counts as broken. */
const ALIVE_GRACE_MS = 5_000;

/** How long a host may take to open a session before it is asked whether it is still there. */
const OPEN_GRACE_MS = 10_000;
/** How long the other side may take to say goodbye. */
const END_GRACE_MS = 1_000;

export type Session = { channel: ClientChannel; close: () => void };

export class Connection {
  readonly host: Host;
  /** Resolves once, when the connection is over, with what commands in flight are told. */
  readonly lost: Promise<FrostError>;
  /** The first sudo on a connection goes alone, so that a wrong password is tried once and not eight times. */
  sudoGate: Promise<void> | undefined;
  /** sudo has let a command through. */
  sudoProven = false;
  /** Digest of the sudo password this host has turned down. */
  rejectedSudoPassword: string | undefined;
  readonly #client: Client;
  readonly #socket: Duplex;
  #over: FrostError | undefined;
  #limit = MAX_SESSIONS;
  #open = 0;
  #used = false;
  #checking = false;
  readonly #waiting: (() => void)[] = [];
  readonly #losses = new Set<(error: FrostError) => void>();

  constructor(host: Host, { client, socket }: Dialled) {
    this.host = host;
    this.#client = client;
    this.#socket = socket;
    const where = place(host.address, host.port);
    let lastError: Error | undefined;
    let rekeys: number[] = [];
    this.lost = new Promise((resolve) => {
      const end = () => {
        if (this.#over !== undefined) return;
        this.#over = frostError(
          'host.connection-lost',
          `The connection to ${host.name} (${where}) was lost${lastError === undefined ? '' : `: ${causeOf(lastError)}`}.`,
          { host: host.name },
        );
        for (const wake of this.#waiting.splice(0)) wake();
        resolve(this.#over);
      };
      client.on('error', (error) => {
        lastError ??= error;
        socket.destroy();
        end();
      });
      client.on('end', end);
      client.on('close', end);
    });
    void this.lost.then((error) => {
      for (const tell of this.#losses) tell(error);
      this.#losses.clear();
    });
    client.on('handshake', () => {
      const now = Date.now();
      rekeys = [...rekeys.filter((at) => now - at < 60_000), now];
      if (rekeys.length > MAX_REKEYS_PER_MINUTE) {
        lastError ??= new Error('the host asks for new keys without end');
        socket.destroy();
      }
    });
  }

  /**
   * As `lost.then`, for what ends before the connection does: returns what takes it off again. A promise keeps whatever waits
   * for it, and a connection outlives thousands of commands.
   */
  onLost(tell: (error: FrostError) => void): () => void {
    if (!this.alive) {
      void this.lost.then(tell);
      return () => {};
    }
    this.#losses.add(tell);
    return () => void this.#losses.delete(tell);
  }

  get alive(): boolean {
    return this.#over === undefined;
  }

  #lostResult(): Result<never> {
    return {
      ok: false,
      error:
        this.#over ??
        frostError('host.connection-lost', `The connection to ${this.host.name} was lost.`, {
          host: this.host.name,
        }),
    };
  }

  async #takeSlot(signal: AbortSignal): Promise<boolean> {
    while (this.alive && !signal.aborted) {
      if (this.#open < this.#limit) {
        this.#open++;
        return true;
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          signal.removeEventListener('abort', wake);
          const at = this.#waiting.indexOf(wake);
          if (at >= 0) this.#waiting.splice(at, 1);
          resolve();
        };
        this.#waiting.push(wake);
        signal.addEventListener('abort', wake, { once: true });
      });
    }
    return false;
  }

  #freeSlot(): void {
    this.#open--;
    this.#waiting.shift()?.();
  }

  /**
   * Runs a command in a session of its own once one is free. `cancelled` when the signal came first; the caller knows why.
   * Listeners for errors are in place: nothing the host does to the channel can end the process.
   */
  async session(command: string, signal: AbortSignal): Promise<Result<Session>> {
    for (;;) {
      if (!(await this.#takeSlot(signal)))
        return this.alive ? fail('cancelled', 'Waiting for a session was cancelled.') : this.#lostResult();
      const opened = await this.#exec(command, signal);
      if (opened.ok) this.#used = true;
      if (opened.ok || opened.error.code !== 'host.busy') return opened;
      if (this.#open === 0) {
        if (!this.#used) return opened;
        // Commands that were given up still run over there and hold its sessions: only a new connection helps.
        this.end();
        return { ok: false, error: await this.lost };
      }
      // The host takes fewer sessions than usual: others are open, so wait for one of them.
      this.#limit = Math.max(1, this.#open);
    }
  }

  #exec(command: string, signal: AbortSignal): Promise<Result<Session>> {
    return new Promise((resolve) => {
      let answered = false;
      // A kept connection may have died without a word: waiting for the command's own time limit would take minutes.
      const patience = setTimeout(() => this.#checkAlive(), OPEN_GRACE_MS);
      const settle = (result: Result<Session>) => {
        if (answered) return;
        answered = true;
        clearTimeout(patience);
        signal.removeEventListener('abort', onAbort);
        notLost();
        resolve(result);
      };
      // The host has not even confirmed the channel: it stays counted until it does, or until the connection goes.
      const onAbort = () => {
        settle(fail('cancelled', 'Opening a session was cancelled.'));
        this.#checkAlive();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const notLost = this.onLost(() => settle(this.#lostResult()));
      try {
        this.#client.exec(command, (error, channel) => {
          if (error !== undefined) {
            this.#freeSlot();
            settle(
              this.alive
                ? fail('host.busy', `${this.host.name} does not open a session: ${clean(error.message)}.`, {
                    host: this.host.name,
                  })
                : this.#lostResult(),
            );
            return;
          }
          let counted = true;
          const uncount = () => {
            if (counted) this.#freeSlot();
            counted = false;
          };
          let closed = false;
          channel.on('error', () => {});
          channel.stderr.on('error', () => {});
          channel.once('close', () => {
            closed = true;
            uncount();
          });
          const close = () => {
            if (closed) return;
            channel.resume();
            channel.stderr.resume();
            channel.close();
            // OpenSSH confirms only when the command has ended, which may be never; nobody shall wait for that.
            uncount();
            this.#checkAlive();
          };
          if (answered) close();
          else settle(ok({ channel, close }));
        });
      } catch {
        this.#freeSlot();
        this.#socket.destroy();
        settle(this.#lostResult());
      }
    });
  }

  /** A command was given up: if the host is gone, the connection must not be handed out again. Any answer will do. */
  #checkAlive(): void {
    if (!this.alive || this.#checking) return;
    this.#checking = true;
    const timer = setTimeout(() => this.#socket.destroy(), ALIVE_GRACE_MS);
    const answered = () => {
      this.#checking = false;
      clearTimeout(timer);
      notLost();
    };
    const notLost = this.onLost(answered);
    try {
      // A question without consequence: takes back a forwarding that never was.
      this.#client.unforwardIn('127.0.0.1', 1, answered);
    } catch {
      this.#socket.destroy();
    }
  }

  /** A byte stream to another host, seen from this one. */
  forward(address: string, port: number, target: Host): Promise<Result<Duplex>> {
    return new Promise((answer) => {
      const resolve = (result: Result<Duplex>) => {
        notLost();
        answer(result);
      };
      const notLost = this.onLost((error) => resolve({ ok: false, error }));
      try {
        this.#client.forwardOut('127.0.0.1', 0, address, port, (error, channel) => {
          if (error === undefined) {
            channel.on('error', () => {});
            resolve(ok(channel));
            return;
          }
          if (!this.alive) {
            resolve(this.#lostResult());
            return;
          }
          // RFC 4254 §5.1: 1 is "administratively prohibited".
          const prohibited = 'reason' in error && error.reason === 1;
          resolve(
            fail(
              'host.unreachable',
              prohibited
                ? `${this.host.name} does not let connections through to ${place(address, port)}.`
                : `${target.name} cannot be reached at ${place(address, port)} from ${this.host.name}: ${clean(error.message.replace(/^\(SSH\) Channel open failure: /, ''))}.`,
              {
                host: target.name,
                ...(prohibited
                  ? { hint: `Allow AllowTcpForwarding in the SSH server of ${this.host.name}.` }
                  : {}),
              },
            ),
          );
        });
      } catch {
        resolve(this.#lostResult());
      }
    });
  }

  /** Ends it politely; commands in flight are told that the connection is lost. */
  end(): void {
    this.#client.end();
    // A host that does not answer any more would keep the socket, and with it this process, alive for minutes.
    const timer = setTimeout(() => this.#socket.destroy(), END_GRACE_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }
}
