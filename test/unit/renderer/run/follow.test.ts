import { describe, expect, it } from 'vitest';
import { adopt, foldAll, missing, openRun, type RunView } from '../../../../renderer/features/run/fold.ts';
import { followHost, followRun, type Link, type Pace } from '../../../../renderer/features/run/follow.ts';
import { openLog, takeIn } from '../../../../renderer/features/run/hostLog.ts';
import type { CallName, Client, StreamName } from '../../../../shared/contract/contract.ts';
import { type FrostError, FrostFault, fail, frostError, ok } from '../../../../shared/errors.ts';
import type { RunEvent } from '../../../../shared/model/run.ts';
import { makeLog, output, RUN, run } from './samples.ts';

const HOSTS = ['a', 'b', 'c'];
const LOG = makeLog(
  HOSTS,
  Array.from({ length: 50 }, (_, index) => index * 7919),
);
const whole = () => foldAll(openRun(run(HOSTS)), LOG);
const gone = () => new FrostFault(frostError('process.unavailable', 'gone'));

/** Waits pass at once, but not before what is already under way. */
const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const atOnce: Pace = { wait: soon, retry: soon };

/**
 * A host process whose run has got as far as `known`. Each stream delivers what `deliver` makes of the events after
 * `since`, and is then lost; pictures show the state at `known`.
 */
const hostProcess = (o: {
  known: () => number;
  deliver: (events: RunEvent[], call: number) => RunEvent[];
  show?: (call: number) => FrostError | undefined;
}) => {
  const asked: { since: number; host: string | undefined }[] = [];
  let shows = 0;
  const client: Client = {
    call: async <N extends CallName>(name: N) => {
      if (name !== 'runs.show') throw new Error(`unexpected ${name}`);
      shows += 1;
      const error = o.show?.(shows);
      const picture = { run: foldAll(openRun(run(HOSTS)), LOG.slice(0, o.known())).run };
      return error === undefined ? ok(picture as never) : fail(error.code, error.message);
    },
    stream: async function* <N extends StreamName>(_name: N, input: unknown) {
      const { since, host } = input as { since: number; host?: string };
      asked.push({ since, host });
      for (const event of o.deliver(LOG.slice(since), asked.length)) yield event as never;
      throw gone();
    },
  };
  return { client, asked, shows: () => shows };
};

const watch = () => {
  const state: { view: RunView | undefined; links: Link[]; failed: FrostError | undefined } = {
    view: undefined,
    links: [],
    failed: undefined,
  };
  const stop = new AbortController();
  return {
    state,
    stop,
    sink: {
      picture: (picture: ReturnType<typeof run>) => {
        const { view } = state;
        state.view = view === undefined || picture.seq < view.seq ? openRun(picture) : adopt(view, picture);
        if (state.view.seq >= LOG.length) stop.abort();
        return state.view.seq;
      },
      events: (batch: readonly RunEvent[]) => {
        if (state.view !== undefined) state.view = foldAll(state.view, batch);
        if ((state.view?.seq ?? 0) >= LOG.length) stop.abort();
      },
      early: () => (state.view === undefined ? 0 : missing(state.view)),
      link: (link: Link) => state.links.push(link),
      failed: (error: FrostError) => {
        state.failed = error;
      },
    },
  };
};

describe('following a run', () => {
  it('goes on where it was each time the connection is lost, and ends with the whole log', async () => {
    let known = 0;
    const host = hostProcess({
      known: () => known,
      deliver: (events) => {
        const some = events.slice(0, 6);
        known += some.length;
        return some;
      },
    });
    const { state, sink, stop } = watch();
    await followRun(host.client, RUN, sink, stop.signal, atOnce);
    expect(state.view?.run).toEqual(whole().run);
    expect(host.asked.length).toBeGreaterThan(5);
    expect(state.links).toContain('lost');
  });

  it('gets over events that come twice or out of order', async () => {
    let known = 0;
    const host = hostProcess({
      known: () => known,
      deliver: (events) => {
        const some = events.slice(0, 8);
        known += some.length;
        return [...some.toReversed(), ...some.slice(2, 5)];
      },
    });
    const { state, sink, stop } = watch();
    await followRun(host.client, RUN, sink, stop.signal, atOnce);
    expect(state.view?.run).toEqual(whole().run);
  });

  it('asks for the picture anew when an event never comes', async () => {
    let known = 0;
    const host = hostProcess({
      known: () => known,
      deliver: (events, call) => {
        if (call === 1) known = LOG.length;
        return call === 1 ? events.filter((event) => event.seq !== 3) : events;
      },
    });
    const { state, sink, stop } = watch();
    await followRun(host.client, RUN, sink, stop.signal, atOnce);
    expect(state.view?.run).toEqual(whole().run);
    expect(host.shows()).toBe(2);
  });

  it('goes back to what the host process says when its log is shorter than ours', async () => {
    let known = 20;
    const host = hostProcess({
      known: () => known,
      deliver: (events, call) => {
        if (call === 1) known = 5;
        return call === 1 ? [] : events;
      },
    });
    const { state, sink, stop } = watch();
    await followRun(host.client, RUN, sink, stop.signal, atOnce);
    expect(host.asked.map((each) => each.since)).toEqual([20, 5]);
    expect(state.view?.run).toEqual(whole().run);
  });

  it('keeps trying while the host process is away, and says so', async () => {
    const host = hostProcess({
      known: () => 0,
      deliver: (events) => events,
      show: (call) => (call < 4 ? frostError('process.unavailable', 'starting') : undefined),
    });
    const { state, sink, stop } = watch();
    await followRun(host.client, RUN, sink, stop.signal, atOnce);
    expect(state.links.slice(0, 4)).toEqual(['connecting', 'lost', 'lost', 'lost']);
    expect(state.view?.seq).toBe(LOG.length);
  });

  it('gives up on a run that is not there', async () => {
    const host = hostProcess({
      known: () => 0,
      deliver: () => [],
      show: () => frostError('not-found', 'no such run'),
    });
    const { state, sink, stop } = watch();
    await followRun(host.client, RUN, sink, stop.signal, atOnce);
    expect(state.failed?.code).toBe('not-found');
    expect(state.view).toBeUndefined();
  });
});

describe("following one host's output", () => {
  it('begins with the first event and loses or doubles no line over lost connections', async () => {
    const lines = Array.from({ length: 40 }, (_, index) =>
      output(index + 1, index % 3 ? 'a' : 'b', `${index}`),
    );
    const sinces: number[] = [];
    const client: Client = {
      call: () => Promise.reject(new Error('not called')),
      stream: async function* <N extends StreamName>(_name: N, input: unknown) {
        const { since } = input as { since: number };
        sinces.push(since);
        for (const event of lines.filter((each) => each.seq > since).slice(0, 9)) yield event as never;
        throw gone();
      },
    };
    const stop = new AbortController();
    let log = openLog('a');
    await followHost(
      client,
      RUN,
      'a',
      (batch) => {
        log = takeIn(log, batch);
        if (log.seq === lines.length) stop.abort();
        return log.seq;
      },
      stop.signal,
      atOnce,
    );
    expect(sinces).toEqual([0, 9, 18, 27, 36]);
    expect(log.lines.map((line) => line.text)).toEqual(
      lines.flatMap((event) => (event.type === 'task.output' && event.host === 'a' ? [event.line] : [])),
    );
  });
});
