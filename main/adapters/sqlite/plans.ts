import { z } from 'zod';
import { FrostFault, frostError } from '../../../shared/errors.ts';
import { Plan } from '../../../shared/model/plan.ts';
import type { PlanSummary, RunStore } from '../../core/ports.ts';
import { Bytes, type Db, fromJson, fromPacked, pack, type Reader } from './db.ts';

/** Plans that no run came of are kept to this number; those of runs for ever. */
export const KEPT_PLANS = 200;

const Summary = Plan.omit({ hosts: true }).extend({ hostCount: z.int() }) satisfies z.ZodType<PlanSummary>;
const Row = z.object({ summary: z.string(), hosts: Bytes });

const parse = (db: Reader, row: z.output<typeof Row>): Plan => {
  const { hostCount: _, ...rest } = fromJson(db, Summary, row.summary, 'a plan');
  return { ...rest, hosts: fromPacked(db, Plan.shape.hosts, row.hosts, 'a plan’s hosts') };
};

const putPlan = (db: Db, { hosts, ...rest }: Plan): void =>
  db.transaction(() => {
    if (db.get(z.object({ id: z.string() }), 'SELECT id FROM plans WHERE id = ?', rest.id) !== undefined)
      throw new FrostFault(frostError('already-exists', 'This plan is stored already.'));
    const summary: PlanSummary = { ...rest, hostCount: hosts.length };
    db.run(
      'INSERT INTO plans (id, summary, hosts) VALUES (?, ?, ?)',
      rest.id,
      JSON.stringify(summary),
      pack(JSON.stringify(hosts)),
    );
    db.run(
      `DELETE FROM plans WHERE key <= (SELECT max(key) FROM plans) - ?
        AND NOT EXISTS (SELECT 1 FROM runs WHERE plan = plans.id)`,
      KEPT_PLANS,
    );
  });

type PlanStore = Pick<RunStore, 'putPlan' | 'plan' | 'plans' | 'planSummaries'>;

export const planStore = (db: Db): PlanStore => ({
  putPlan: (plan) => putPlan(db, plan),
  plan: (id) => {
    const row = db.get(Row, 'SELECT summary, hosts FROM plans WHERE id = ?', id);
    return row === undefined ? undefined : parse(db, row);
  },
  plans: (limit) =>
    db
      .all(Row, 'SELECT summary, hosts FROM plans ORDER BY key DESC LIMIT ?', limit)
      .map((row) => parse(db, row)),
  planSummaries: (limit) =>
    db
      .all(z.object({ summary: z.string() }), 'SELECT summary FROM plans ORDER BY key DESC LIMIT ?', limit)
      .map((row) => fromJson(db, Summary, row.summary, 'a plan')),
});
