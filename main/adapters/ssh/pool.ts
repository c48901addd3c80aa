/** Kept connections: one per host as described, shared by all commands to it, opened once however many ask at a time. */
import { type FrostError, fail, ok, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Log, Route } from '../../core/ports.ts';
import type { Connection } from './connection.ts';

export type Lease = {
  connection: Connection;
  release: () => void;
};

/** Makes the connection to `route.host`, through `parent` when there is one. */
export type Connect = (
  host: Host,
  parent: Connection | undefined,
  signal: AbortSignal,
) => Promise<Result<Connection>>;

type Entry = {
  hostIds: string[];
  attempt: Promise<Result<Connection>>;
  giveUp: AbortController;
  waiting: number;
  connection?: Connection;
  leases: number;
  idle?: NodeJS.Timeout;
  /** Not handed out any more; ends with its last lease. */
  retired: boolean;
};

/** Whatever changes how a host is reached or logged into makes another connection. */
const identity = (host: Host): unknown[] => [
  host.id,
  host.address,
  host.port,
  host.user,
  host.auth,
  host.legacyAlgorithms,
  host.updatedAt,
];

export class Pool {
  readonly #entries = new Map<string, Entry>();
  readonly #all = new Set<Entry>();
  readonly #connect: Connect;
  readonly #idleMs: number;
  readonly #log: Log;

  constructor(o: { connect: Connect; idleMs: number; log: Log }) {
    this.#connect = o.connect;
    this.#idleMs = o.idleMs;
    this.#log = o.log;
  }

  async acquire(route: Route, signal: AbortSignal): Promise<Result<Lease>> {
    const key = JSON.stringify([route.host, ...route.via].map(identity));
    const kept = this.#entries.get(key);
    const usable = kept !== undefined && kept.connection?.alive !== false;
    const entry = usable ? kept : this.#open(key, route);

    entry.waiting++;
    clearTimeout(entry.idle);
    const result = await withSignal(entry.attempt, signal);
    entry.waiting--;
    if (result === undefined) {
      // The last one who wanted it has gone: an unfinished attempt ends, a finished connection becomes idle.
      if (entry.waiting === 0 && entry.connection === undefined) {
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
        entry.giveUp.abort();
      }
      this.#rest(entry);
      return fail('cancelled', `Connecting to ${route.host.name} was cancelled.`, { host: route.host.name });
    }
    if (!result.ok) return result;
    return ok(this.#lease(entry, result.value));
  }

  #lease(entry: Entry, connection: Connection): Lease {
    entry.leases++;
    clearTimeout(entry.idle);
    let released = false;
    return {
      connection,
      release: () => {
        if (released) return;
        released = true;
        entry.leases--;
        this.#rest(entry);
      },
    };
  }

  #open(key: string, route: Route): Entry {
    const giveUp = new AbortController();
    const entry: Entry = {
      hostIds: [route.host, ...route.via].map((host) => host.id),
      attempt: this.#establish(route, giveUp.signal),
      giveUp,
      waiting: 0,
      leases: 0,
      retired: false,
    };
    this.#entries.set(key, entry);
    this.#all.add(entry);
    const forget = () => {
      clearTimeout(entry.idle);
      this.#all.delete(entry);
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    };
    // Registered before any waiter, so that a dead connection or a failed attempt is gone before anyone asks again.
    void entry.attempt.then((result) => {
      if (!result.ok) {
        forget();
        return;
      }
      entry.connection = result.value;
      void result.value.lost.then(forget);
      if (giveUp.signal.aborted) result.value.end();
      else this.#rest(entry);
    });
    return entry;
  }

  async #establish(route: Route, signal: AbortSignal): Promise<Result<Connection>> {
    const [nearest, ...further] = route.via;
    if (nearest === undefined) return this.#connect(route.host, undefined, signal);
    const parent = await this.acquire({ host: nearest, via: further }, signal);
    if (!parent.ok) return { ok: false, error: throughJump(parent.error, nearest) };
    const made = await this.#connect(route.host, parent.value.connection, signal);
    if (made.ok) void made.value.lost.then(parent.value.release);
    else parent.value.release();
    return made;
  }

  #rest(entry: Entry): void {
    if (entry.leases > 0 || entry.waiting > 0 || entry.connection === undefined) return;
    clearTimeout(entry.idle);
    if (entry.retired) {
      entry.connection.end();
      return;
    }
    entry.idle = setTimeout(() => {
      if (entry.leases === 0 && entry.waiting === 0) entry.connection?.end();
    }, this.#idleMs);
    entry.idle.unref();
  }

  /** One host: its connections, and those through it, are not used again and end with their last command. All: at once. */
  release(hostId?: string): void {
    for (const [key, entry] of this.#entries)
      if (hostId === undefined || entry.hostIds.includes(hostId)) this.#entries.delete(key);
    for (const entry of this.#all) {
      if (hostId !== undefined && !entry.hostIds.includes(hostId)) continue;
      entry.retired = true;
      if (hostId === undefined) {
        entry.giveUp.abort();
        entry.connection?.end();
      } else this.#rest(entry);
    }
    this.#log.write('debug', 'kept connections released', hostId === undefined ? {} : { hostId });
  }
}

const throughJump = (error: FrostError, jump: Host): FrostError =>
  error.code === 'cancelled'
    ? error
    : { ...error, message: `The way through ${jump.name} is closed: ${error.message}` };

/** Undefined when the signal came first. */
const withSignal = async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> => {
  if (signal.aborted) return undefined;
  let onAbort = () => {};
  const aborted = new Promise<undefined>((resolve) => {
    onAbort = () => resolve(undefined);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  const first = await Promise.race([promise, aborted]);
  signal.removeEventListener('abort', onAbort);
  return first;
};
