/**
 * How the contract is written down. Everything else derives from it: handler types and validation (main/api), the preload
 * bridge, the renderer's client, the command line and the mock host of the renderer's tests.
 */
import type { z } from 'zod';

export type Permission = 'read' | 'edit' | 'deploy' | 'admin';

export type Query<I extends z.ZodType, O extends z.ZodType> = { kind: 'query'; input: I; output: O };
/**
 * What the audit log holds of a command, with its input, secrets left out. `change`: a line before it runs and one with its
 * outcome. `read`: it changes nothing, but reads hosts: one line when it is over, with how many. `none`: nothing.
 */
export type AuditKind = 'change' | 'read' | 'none';
export type Command<I extends z.ZodType, O extends z.ZodType> = {
  kind: 'command';
  input: I;
  output: O;
  permission: Permission;
  audit: AuditKind;
};
/** Items come after the cursor that stands in the input; the caller resumes from the last one it saw. */
export type Stream<I extends z.ZodType, E extends z.ZodType> = { kind: 'stream'; input: I; item: E };

export type Procedure =
  | Query<z.ZodType, z.ZodType>
  | Command<z.ZodType, z.ZodType>
  | Stream<z.ZodType, z.ZodType>;
export type Group = Record<string, Procedure>;
export type Contract = Record<string, Group>;

export const query = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O): Query<I, O> => ({
  kind: 'query',
  input,
  output,
});
export const command = <I extends z.ZodType, O extends z.ZodType>(
  input: I,
  output: O,
  options: { permission: Permission; audit?: AuditKind },
): Command<I, O> => ({
  kind: 'command',
  input,
  output,
  permission: options.permission,
  audit: options.audit ?? 'change',
});
export const stream = <I extends z.ZodType, E extends z.ZodType>(input: I, item: E): Stream<I, E> => ({
  kind: 'stream',
  input,
  item,
});

/** The procedure of a group by its whole name, e.g. `hosts.list`. */
export const procedureOf = (group: Group, name: string): Procedure | undefined => {
  const own = name.slice(name.indexOf('.') + 1);
  return Object.hasOwn(group, own) ? group[own] : undefined;
};
