/** Why a run ended early, with the arithmetic; and what a person can do about a host that needs one. Pure. */
import type { Run, Task } from '../../../shared/model/run.ts';
import { formatDateTime } from '../../ui/format.ts';
import { ordinal } from '../plan/words.ts';
import { hostCount, names } from './model.ts';

export type AbortWords = {
  /** `the 4th failed host was one too many` */
  what: string;
  /** How it was reckoned, or what the words above mean for the hosts. */
  arithmetic: string | undefined;
  /** Hosts that counted, to be opened. */
  hosts: readonly string[];
};

const allowedText = (run: Run): string => {
  const { maxFailures, abortsAtFailure, targets } = run.parameters;
  const limit = maxFailures.endsWith('%') ? `${maxFailures} of ${hostCount(targets)}` : maxFailures;
  return `Max failures ${limit} ${maxFailures.endsWith('%') ? 'is' : 'allows'} ${(abortsAtFailure ?? 1) - 1}`;
};

const shareText = (part: number, of: number): string => `${Math.floor((part * 1000) / of) / 10} %`;

/** Undefined: it did not end early. */
export const abortWords = (run: Run): AbortWords | undefined => {
  const { abortCause: cause, abortReason } = run;
  if (abortReason === undefined) return undefined;
  if (cause === undefined) return { what: abortReason, arithmetic: undefined, hosts: [] };
  switch (cause.kind) {
    case 'threshold': {
      const count = cause.failed.length;
      const unreachable = run.parameters.ignoreUnreachable ? ' Unreachable hosts are not counted.' : '';
      if (cause.share)
        return {
          what: `too large a share of the completed hosts failed`,
          arithmetic: `${count} of ${cause.of} completed hosts failed: ${count} ÷ ${cause.of} = ${shareText(count, cause.of)}, more than the ${cause.limit} % allowed.${unreachable}`,
          hosts: cause.failed,
        };
      return {
        what: `the ${ordinal(cause.limit)} failed host was one too many`,
        arithmetic: `${allowedText(run)}; ${count} of ${hostCount(cause.of)} failed, and ${count} > ${cause.limit - 1}.${unreachable}`,
        hosts: cause.failed,
      };
    }
    case 'rollback-run':
      return {
        what: `${names(cause.failed, 4)} failed, and then this run undoes every host`,
        arithmetic: 'Hosts that were changed are rolled back, the newest completed first.',
        hosts: cause.failed,
      };
    case 'probe':
      return cause.unreadable
        ? {
            what: 'the abort probe could not be read',
            arithmetic: `“${run.parameters.abortIf ?? ''}” told neither yes nor no${cause.detail === '' ? '' : `: ${cause.detail}`}. This run ends when its probe cannot be read.`,
            hosts: [],
          }
        : {
            what: 'the abort probe said so',
            arithmetic: `“${run.parameters.abortIf ?? ''}” exited with 0${cause.detail === '' ? '.' : `: ${cause.detail}`}`,
            hosts: [],
          };
    case 'window':
      return {
        what: `its window ended at ${formatDateTime(cause.until)}`,
        arithmetic: 'Hosts at work then were let finish; the others were not started.',
        hosts: [],
      };
    case 'operator':
      return { what: abortReason, arithmetic: undefined, hosts: [] };
  }
};

export type Advice = { what: string; steps: readonly string[] };

const RETRY =
  'Retry looks first: it reads the host’s own record of the job and goes on from there. No change is repeated blindly.';
const ROLL_BACK = 'Roll back puts back the versions from before and compares the host with its capture.';

/** What is known of a host that waits for a person, and the ways on; undefined: it does not. */
export const adviceFor = (task: Task): Advice | undefined => {
  switch (task.state) {
    case 'needs-attention':
      return task.error?.code === 'host.reboot-failed'
        ? {
            what: 'Its packages are in place, but its restart did not end as it should.',
            steps: [
              'Look at the host itself: its console, its boot loader, its services.',
              'When it answers again, retry: it is only looked at, checked for health, and not patched or restarted a second time.',
              ROLL_BACK,
            ],
          }
        : {
            what: 'How its last job ended could not be made out from here.',
            steps: ['Look at the host: is a package manager still at work?', RETRY, ROLL_BACK],
          };
    case 'interrupted':
      return {
        what: 'The connection was lost in the middle. The job on the host may have gone on by itself.',
        steps: [RETRY, ROLL_BACK],
      };
    case 'rollback-failed':
      return {
        what: 'Going back did not work: the host is neither as it was nor as it should be.',
        steps: [
          'See “After rollback” for what is not as it was, and the output for why.',
          'Mend the cause on the host (a full disk, a broken script, a lock), then roll it back once more.',
        ],
      };
    default:
      return undefined;
  }
};
