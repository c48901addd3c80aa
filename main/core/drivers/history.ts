/** What a host's package manager itself remembers having done, and for whom. */
import { PackageName, PackageVersion } from '../../../shared/model/primitives.ts';

export type HostTransaction = {
  /** ISO, UTC. */
  at: string;
  by?: string;
  command?: string;
  /** `to` null: removed. */
  changes: { name: string; arch?: string; from?: string; to: string | null }[];
};

/** Undefined where it is none: what a host says is checked. */
export const changeOf = (
  name: string | undefined,
  arch: string | undefined,
  from: string | undefined,
  to: string | undefined,
): HostTransaction['changes'][number] | undefined => {
  const version = (text: string | undefined) => text === undefined || PackageVersion.safeParse(text).success;
  if (!PackageName.safeParse(name).success || !version(from) || !version(to)) return undefined;
  return {
    name: name ?? '',
    ...(arch === undefined ? {} : { arch }),
    ...(from === undefined ? {} : { from }),
    to: to ?? null,
  };
};
