/** Guards in words. */
import type { GuardView } from '../../../shared/model/guard.ts';
import type { Tone } from '../../ui/Badge.tsx';

/** What there is to say of a guard at a glance. */
export type GuardBrief = Pick<GuardView, 'desired' | 'state'>;

export const guardLook = (guard: GuardBrief): { tone: Tone; label: string; text: string } => {
  if (guard.desired === 'off')
    return guard.state === 'off'
      ? {
          tone: 'warn',
          label: 'guard off',
          text: 'Somebody took it off; only Frostline itself refuses other changes.',
        }
      : guard.state === 'failed'
        ? { tone: 'bad', label: 'guard not off', text: 'It could not be taken off yet. This is tried again.' }
        : { tone: 'busy', label: 'guard comes off', text: 'It is being taken off.' };
  switch (guard.state) {
    case 'on':
      return {
        tone: 'frozen',
        label: 'guarded',
        text: 'The host itself refuses packages that are not listed; its own updaters rest.',
      };
    case 'tampered':
      return { tone: 'bad', label: 'guard changed', text: 'Somebody changed the guard on the host.' };
    case 'missing':
      return { tone: 'bad', label: 'guard gone', text: 'Somebody removed the guard from the host.' };
    case 'failed':
      return { tone: 'bad', label: 'guard failed', text: 'It could not be put on yet. This is tried again.' };
    case 'off':
    case 'pending':
      return { tone: 'busy', label: 'guard pending', text: 'It is being put on.' };
  }
};

/** Of the hosts of a freeze: how many are guarded, and which are not. */
export const guardProgress = (
  guards: readonly GuardView[],
  hosts: readonly string[],
): { on: number; total: number; wrong: GuardView[] } => {
  const mine = guards.filter((guard) => hosts.includes(guard.host));
  return {
    on: mine.filter((guard) => guard.desired === 'on' && guard.state === 'on').length,
    total: hosts.length,
    wrong: mine.filter((guard) => guardLook(guard).tone === 'bad'),
  };
};
