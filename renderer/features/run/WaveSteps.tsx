/** The waves of a run as steps: which are done, which is at work, which waits, and who is in each. */
import { CircleCheck, CircleDashed, CircleSlash, Clock, Hourglass, type LucideIcon } from 'lucide-react';
import type { Run } from '../../../shared/model/run.ts';
import type { Tone } from '../../ui/Badge.tsx';
import { plural } from '../../ui/format.ts';
import { names } from './model.ts';
import { STANDING, type WaveStanding, type WaveView, wavesOf } from './waves.ts';

const LOOK: Record<WaveStanding, { icon: LucideIcon; tone: Tone }> = {
  done: { icon: CircleCheck, tone: 'good' },
  running: { icon: CircleDashed, tone: 'busy' },
  waiting: { icon: Hourglass, tone: 'warn' },
  'to-come': { icon: Clock, tone: 'neutral' },
  skipped: { icon: CircleSlash, tone: 'neutral' },
};

export const WaveSteps = ({ run }: { run: Run }) => {
  const waves = wavesOf(run);
  if (waves.length === 0) return null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
    <section className="run-waves" aria-label="Waves" tabIndex={0}>
      <ol className="run-wave-list">
        {waves.map((wave) => (
          <Step key={wave.number} wave={wave} />
        ))}
      </ol>
    </section>
  );
};

const Step = ({ wave }: { wave: WaveView }) => {
  const { icon: Icon, tone } = LOOK[wave.standing];
  const toneOf = wave.bad > 0 && wave.standing === 'done' ? 'warn' : tone;
  const hosts = wave.tasks.map((task) => task.host);
  return (
    <li
      className="run-wave"
      data-tone={toneOf}
      data-standing={wave.standing}
      aria-current={wave.standing === 'running' || wave.standing === 'waiting' ? 'step' : undefined}
    >
      <span className="run-wave-head">
        <Icon size={15} aria-hidden />
        <strong>Wave {wave.number}</strong>
        <span className="small">{STANDING[wave.standing]}</span>
      </span>
      <span className="small run-wave-hosts truncate" title={hosts.join(', ')}>
        {plural(hosts.length, 'host')}: {names(hosts, 3)}
      </span>
      <span className="small num">{countText(wave)}</span>
    </li>
  );
};

const countText = (wave: WaveView): string => {
  if (wave.done === 0 || !['done', 'running'].includes(wave.standing)) return '\u00a0';
  const parts = [`${wave.good} well`, ...(wave.bad > 0 ? [`${wave.bad} not`] : [])];
  return wave.done < wave.tasks.length
    ? `${wave.done} of ${wave.tasks.length} at rest, ${parts.join(', ')}`
    : parts.join(', ');
};
