/** The contract: every procedure and stream there is. */
import type { z } from 'zod';
import type { FrostError, Result } from '../errors.ts';
import { advisories } from './advisories.ts';
import { artefacts } from './artefacts.ts';
import { audit } from './audit.ts';
import { bundles } from './bundles.ts';
import { catalog } from './catalog.ts';
import {
  type Command,
  type Contract,
  type Procedure,
  procedureOf,
  type Query,
  type Stream,
} from './define.ts';
import { drift } from './drift.ts';
import { hosts, scans } from './fleet.ts';
import { freezes } from './freezes.ts';
import { guards } from './guards.ts';
import { reports } from './reports.ts';
import { rules } from './rules.ts';
import { plans, runs } from './runs.ts';
import { policies, signatures, signers } from './signatures.ts';
import { snapshots } from './snapshots.ts';
import { system } from './system.ts';
import { versions } from './versions.ts';

export const contract = {
  hosts,
  scans,
  snapshots,
  versions,
  signatures,
  signers,
  policies,
  freezes,
  plans,
  runs,
  guards,
  drift,
  artefacts,
  audit,
  bundles,
  rules,
  catalog,
  advisories,
  reports,
  system,
} satisfies Contract;
export type FrostContract = typeof contract;

type Groups = keyof FrostContract;
/** `hosts.list`, `runs.events`, … */
export type ProcedureName = { [G in Groups]: `${G}.${keyof FrostContract[G] & string}` }[Groups];

export type ProcedureOf<N extends ProcedureName> = N extends `${infer G}.${infer P}`
  ? G extends Groups
    ? P extends keyof FrostContract[G]
      ? FrostContract[G][P]
      : never
    : never
  : never;

export type CallName = {
  [N in ProcedureName]: ProcedureOf<N> extends { kind: 'stream' } ? never : N;
}[ProcedureName];
export type StreamName = Exclude<ProcedureName, CallName>;

/** What a caller gives (defaults may be left out) and what a handler receives (defaults filled in). */
export type CallInput<N extends ProcedureName> = z.input<ProcedureOf<N>['input']>;
export type HandlerInput<N extends ProcedureName> = z.output<ProcedureOf<N>['input']>;
export type Output<N extends CallName> =
  ProcedureOf<N> extends Query<infer _I, infer O> | Command<infer _I, infer O> ? z.output<O> : never;
export type Item<N extends StreamName> =
  ProcedureOf<N> extends Stream<infer _I, infer E> ? z.output<E> : never;

export type Caller = {
  signal: AbortSignal;
  /** `window`, `cli`, … and the account, for the audit log. */
  actor: string;
};

/** One handler per procedure: what main/api implements and a mock host implements. */
export type Handlers = {
  [N in CallName]: (input: HandlerInput<N>, caller: Caller) => Promise<Result<Output<N>>> | Result<Output<N>>;
} & {
  [N in StreamName]: (input: HandlerInput<N>, caller: Caller) => AsyncIterable<Item<N>>;
};

/** What a renderer and the command line hold, whatever carries it. A stream's iterator ends with a thrown FrostFault when the connection is lost. */
export interface Client {
  call<N extends CallName>(
    name: N,
    input: CallInput<N>,
    signal?: AbortSignal,
  ): Promise<Result<Output<N>, FrostError>>;
  stream<N extends StreamName>(name: N, input: CallInput<N>, signal?: AbortSignal): AsyncIterable<Item<N>>;
}

/** A procedure by its whole name; undefined where there is none. */
export const procedure = (name: string): Procedure | undefined => {
  const group = name.slice(0, name.indexOf('.'));
  return Object.hasOwn(contract, group)
    ? procedureOf(contract[group as keyof FrostContract], name)
    : undefined;
};
