/** The host process about itself. */
import type { Handlers } from '../../shared/contract/contract.ts';
import type { Change } from '../../shared/contract/system.ts';
import { err, ok, type Result } from '../../shared/errors.ts';
import type { ChangeHub } from '../adapters/changes.ts';
import type { DemoController } from '../adapters/demo/controller.ts';
import type { Ports } from '../core/ports.ts';

type SystemNames = Extract<keyof Handlers, `system.${string}`>;

export type SystemFacts = { version: string; instance: string; startedAt: string; dataDir: string };

const DEMO_DISMISSED = 'demo.dismissed';

export const systemHandlers = (
  ports: Ports,
  hub: ChangeHub,
  demo: DemoController,
  facts: SystemFacts,
): Pick<Handlers, SystemNames> => {
  const vault = () => ({ state: ports.vault.state(), kind: ports.vault.kind });
  const demoState = () => ({
    ...demo.state(),
    offered: ports.store.hosts().length === 0 && ports.store.setting(DEMO_DISMISSED) === undefined,
  });

  return {
    'system.status': () =>
      ok({
        ...facts,
        pid: process.pid,
        user: ports.user,
        zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        vault: vault(),
        demo: demoState(),
        activities: hub.activities(),
      }),
    'system.changes': (_input, caller) => follow(hub, caller.signal),
    'system.cancel': (input) => ok({ cancelled: hub.cancel(input.activity) }),
    'system.unlock': async (input) => {
      const opened = await ports.vault.unlock(input.passphrase);
      if (!opened.ok) return err(opened.error);
      ports.changes.announce({ type: 'vault' });
      return ok({ vault: vault() });
    },
    'system.lock': () => {
      ports.vault.lock();
      ports.changes.announce({ type: 'vault' });
      return ok({ vault: vault() });
    },
    'system.demoStart': (input) => after(demo.start(input.hosts)),
    'system.demoStop': () => after(demo.stop()),
    'system.demoDismiss': () => {
      ports.store.putSetting(DEMO_DISMISSED, 'yes');
      ports.changes.announce({ type: 'demo' });
      return ok({ demo: demoState() });
    },
  };

  async function after(work: Promise<Result<void>>) {
    const done = await work;
    ports.changes.announce({ type: 'demo' });
    ports.changes.announce({ type: 'hosts' });
    return done.ok ? ok({ demo: demoState() }) : done;
  }
};

/** A window that reads slowly loses nothing: changes wait here, and equal ones that wait are one. */
async function* follow(hub: ChangeHub, signal: AbortSignal): AsyncGenerator<Change> {
  const waiting = new Map<string, Change>();
  let wake = () => {};
  const unsubscribe = hub.subscribe((change) => {
    waiting.set(keyOf(change), change);
    wake();
  });
  signal.addEventListener('abort', () => wake(), { once: true });
  try {
    while (!signal.aborted) {
      const batch = [...waiting.values()];
      waiting.clear();
      yield* batch;
      if (waiting.size === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    unsubscribe();
  }
}

const keyOf = (change: Change): string => {
  switch (change.type) {
    case 'scan':
    case 'guards':
    case 'drift':
      return `${change.type} ${change.hostId}`;
    case 'runs':
      return `runs ${change.runId}`;
    case 'activity':
      return `activity ${change.activity.id}`;
    case 'hosts':
    case 'snapshots':
    case 'rules':
    case 'advisories':
    case 'vault':
    case 'demo':
      return change.type;
  }
};
