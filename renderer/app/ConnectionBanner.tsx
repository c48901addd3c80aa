/** Says when the host process cannot be heard or hangs, and when it was started again. Runs live there, not here, and go on. */
import { Hourglass, PlugZap, RefreshCw, Unplug } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useConnection } from '../transport/connection.ts';
import { Elapsed, useNow } from '../ui/Time.tsx';

/** A short gap is not worth a banner. */
const QUIET_MS = 600;
const RESTART_SHOWN_MS = 20_000;

export const ConnectionBanner = () => {
  const { phase, since, restartedAt, silentSince, pid } = useConnection((state) => state);
  const now = useNow({ fast: true });
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (phase === 'open') return;
    const timer = setTimeout(() => setLate(true), QUIET_MS);
    return () => clearTimeout(timer);
  }, [phase]);

  return (
    <div className="banner-place" aria-live="polite">
      {phase === 'signed-out' ? (
        <p className="banner" data-tone="bad">
          <Unplug size={16} aria-hidden />
          <span>
            The console was started anew and does not know this page any more. Open the one-time link it
            printed then. Nothing is lost: hosts, snapshots and runs are kept by the host process.
          </span>
        </p>
      ) : phase !== 'open' && late ? (
        <p className="banner" data-tone="warn">
          <RefreshCw size={16} aria-hidden className="spin" />
          <span>
            {phase === 'connecting'
              ? 'Connecting to the host process'
              : 'The host process does not answer; reconnecting'}{' '}
            (<Elapsed from={new Date(since).toISOString()} />
            ). What you see may be old. Runs go on without this window.
          </span>
        </p>
      ) : phase === 'open' && silentSince !== undefined ? (
        <p className="banner" data-tone="bad">
          <Hourglass size={16} aria-hidden />
          <span>
            The host process{pid === undefined ? '' : ` (pid ${pid})`} is not answering (
            <Elapsed from={new Date(silentSince).toISOString()} />
            ): it was stopped, or hangs. What you see may be old, and what you ask for is done when it goes
            on. Jobs already on hosts go on there; nothing new starts. If it does not come back by itself, end
            that process: it is started again and takes up its runs where they are.
          </span>
        </p>
      ) : phase === 'open' && restartedAt !== undefined && now - restartedAt < RESTART_SHOWN_MS ? (
        <p className="banner" data-tone="good">
          <PlugZap size={16} aria-hidden />
          <span>
            The host process was restarted and has taken up its runs again. Everything here was read anew.
          </span>
        </p>
      ) : null}
    </div>
  );
};
