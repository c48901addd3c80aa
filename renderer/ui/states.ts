/** How every state of the model looks and what it is called, in one place, so that all pages agree. */
import {
  Ban,
  CircleCheck,
  CircleDashed,
  CircleHelp,
  CircleSlash,
  Clock,
  FileClock,
  FilePen,
  Flag,
  Hand,
  Hourglass,
  OctagonX,
  Plug,
  RotateCcw,
  RotateCw,
  ShieldAlert,
  ShieldCheck,
  ShieldQuestionMark,
  Snowflake,
  Sun,
  Unplug,
} from 'lucide-react';
import type { z } from 'zod';
import type { HostPlanState, Proof } from '../../shared/model/plan.ts';
import type { Classification } from '../../shared/model/primitives.ts';
import { Severity } from '../../shared/model/primitives.ts';
import type { RunState, RunSummary, TaskState, Verdict } from '../../shared/model/run.ts';
import type { BlockReason } from '../../shared/model/scan.ts';
import type { SnapshotState } from '../../shared/model/snapshot.ts';
import type { StateLook } from './Badge.tsx';

export const taskLook: Record<TaskState, StateLook> = {
  queued: { tone: 'neutral', label: 'queued', icon: Clock },
  connecting: { tone: 'busy', label: 'connecting', icon: Plug },
  checking: { tone: 'busy', label: 'checking', icon: CircleDashed },
  simulating: { tone: 'busy', label: 'simulating', icon: CircleDashed },
  capturing: { tone: 'busy', label: 'capturing', icon: CircleDashed },
  staging: { tone: 'busy', label: 'staging', icon: CircleDashed },
  applying: { tone: 'busy', label: 'applying', icon: CircleDashed },
  rebooting: { tone: 'warn', label: 'rebooting', icon: RotateCw },
  verifying: { tone: 'busy', label: 'verifying', icon: CircleDashed },
  succeeded: { tone: 'good', label: 'succeeded', icon: CircleCheck },
  failed: { tone: 'bad', label: 'failed', icon: OctagonX },
  'rolling-back': { tone: 'warn', label: 'rolling back', icon: RotateCcw },
  'rolled-back': { tone: 'warn', label: 'rolled back', icon: RotateCcw },
  'rollback-failed': { tone: 'bad', label: 'rollback failed', icon: OctagonX },
  unreachable: { tone: 'bad', label: 'unreachable', icon: Unplug },
  compliant: { tone: 'good', label: 'compliant', icon: CircleCheck },
  refused: { tone: 'frozen', label: 'refused', icon: Ban },
  terminated: { tone: 'neutral', label: 'terminated', icon: CircleSlash },
  cancelled: { tone: 'neutral', label: 'cancelled', icon: CircleSlash },
  interrupted: { tone: 'warn', label: 'interrupted', icon: Hand },
  'needs-attention': { tone: 'bad', label: 'needs attention', icon: Hand },
};

export const runLook: Record<RunState, StateLook> = {
  running: { tone: 'busy', label: 'running' },
  aborting: { tone: 'warn', label: 'aborting' },
  'rolling-back': { tone: 'warn', label: 'rolling back', icon: RotateCcw },
  finished: { tone: 'neutral', label: 'finished', icon: Flag },
};

export const verdictLook: Record<Verdict, StateLook> = {
  success: { tone: 'good', label: 'success' },
  partial: { tone: 'warn', label: 'partial' },
  failed: { tone: 'bad', label: 'failed', icon: OctagonX },
  aborted: { tone: 'bad', label: 'aborted', icon: Hand },
  refused: { tone: 'frozen', label: 'refused', icon: Ban },
  unreachable: { tone: 'bad', label: 'unreachable', icon: Unplug },
  'rolled-back': { tone: 'warn', label: 'rolled back', icon: RotateCcw },
};

/** How a run stands, in a word: its verdict, the gate it waits at, or its state. */
export const lookOfRun = (run: Pick<RunSummary, 'state' | 'verdict' | 'wave'>): StateLook => {
  if (run.verdict !== undefined) return verdictLook[run.verdict];
  if (run.state === 'running' && run.wave?.waiting !== undefined)
    return { tone: 'warn', label: `wave ${run.wave.number + 1} waits`, icon: Hourglass };
  return runLook[run.state];
};

export const snapshotLook: Record<SnapshotState, StateLook> = {
  draft: { tone: 'neutral', label: 'draft', icon: FilePen },
  frozen: { tone: 'frozen', label: 'frozen', icon: Snowflake },
  expired: { tone: 'neutral', label: 'expired', icon: FileClock },
  thawed: { tone: 'warn', label: 'thawed', icon: Sun },
};

export const proofLook: Record<Proof, StateLook> = {
  proven: { tone: 'good', label: 'rollback proven', icon: ShieldCheck },
  'best-effort': { tone: 'warn', label: 'rollback best effort', icon: ShieldQuestionMark },
  impossible: { tone: 'bad', label: 'rollback impossible', icon: ShieldAlert },
};

export const hostPlanLook: Record<z.infer<typeof HostPlanState>, StateLook> = {
  ready: { tone: 'busy', label: 'ready', icon: CircleCheck },
  compliant: { tone: 'good', label: 'compliant' },
  refused: { tone: 'frozen', label: 'refused', icon: Ban },
  unreachable: { tone: 'bad', label: 'unreachable', icon: Unplug },
  failed: { tone: 'bad', label: 'failed', icon: OctagonX },
};

export const severityLook: Record<Severity, StateLook> = {
  critical: { tone: 'bad', label: 'critical', icon: ShieldAlert },
  important: { tone: 'bad', label: 'important', icon: ShieldAlert },
  moderate: { tone: 'warn', label: 'moderate', icon: ShieldAlert },
  low: { tone: 'neutral', label: 'low', icon: ShieldCheck },
  unknown: { tone: 'neutral', label: 'unknown', icon: CircleHelp },
};

/** The worst first. */
export const bySeverity = (a: { severity: Severity }, b: { severity: Severity }): number =>
  Severity.options.indexOf(a.severity) - Severity.options.indexOf(b.severity);

/** What a column of patches sorts by: security first, the worst first. */
export const severityRank = (one: { severity: Severity; classification: Classification }): number =>
  (one.classification === 'security' ? 0 : 10) + Severity.options.indexOf(one.severity);

/** Why a plain upgrade would not install an update, in a sentence. */
export const blockText: Record<z.infer<typeof BlockReason>, string> = {
  held: 'on hold on this host',
  phased: 'phased: the archive offers it to this host later',
  'kept-back': 'kept back by the package manager',
  'needs-new-packages': 'needs packages that are not installed',
  'removes-packages': 'would remove other packages',
  'vendor-change': 'comes from another vendor',
};
