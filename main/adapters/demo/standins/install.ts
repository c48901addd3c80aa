/** Writes the stand-ins where the demo hosts find them: programs in `<dir>/bin`, what they share in `<dir>/lib`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../repository.ts';
import { APT_CACHE, APT_CONFIG, APT_GET, APT_MARK, CACHE_AWK, FIND_AWK, HISTORY_AWK } from './apt.ts';
import { DEB_AWK } from './deb.ts';
import {
  AUDIT_AWK,
  COMPARE_AWK,
  DPKG,
  DPKG_DEB,
  DPKG_QUERY,
  NEEDED_AWK,
  QUERY_AWK,
  STANZA_AWK,
} from './dpkg.ts';
import { RESOLVE_AWK } from './resolve.ts';
import { COMMON_SH, DPKG_SH, PENDING_AWK, SHOW_AWK, STATE_AWK } from './shared.ts';
import { DF, HOSTNAME, ID, NEEDRESTART, SUDO, UNAME } from './system.ts';

const PROGRAMS: Record<string, string> = {
  'apt-cache': APT_CACHE,
  'apt-config': APT_CONFIG,
  'apt-get': APT_GET,
  'apt-mark': APT_MARK,
  df: DF,
  dpkg: DPKG,
  'dpkg-deb': DPKG_DEB,
  'dpkg-query': DPKG_QUERY,
  hostname: HOSTNAME,
  id: ID,
  needrestart: NEEDRESTART,
  sudo: SUDO,
  uname: UNAME,
};

const SHARED: Record<string, string> = {
  'common.sh': COMMON_SH,
  'dpkg.sh': DPKG_SH,
  'audit.awk': AUDIT_AWK,
  'cache.awk': CACHE_AWK,
  'compare.awk': COMPARE_AWK,
  'deb.awk': DEB_AWK,
  'find.awk': FIND_AWK,
  'history.awk': HISTORY_AWK,
  'needed.awk': NEEDED_AWK,
  'pending.awk': PENDING_AWK,
  'query.awk': QUERY_AWK,
  'resolve.awk': RESOLVE_AWK,
  'show.awk': SHOW_AWK,
  'stanza.awk': STANZA_AWK,
  'state.awk': STATE_AWK,
};

/** Returns the folder of the programs, for the front of PATH. */
export const installStandIns = (dir: string): string => {
  const bin = join(dir, 'bin');
  const lib = join(dir, 'lib');
  for (const folder of [bin, lib]) mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(SHARED)) writeWhole(join(lib, name), text);
  for (const [name, text] of Object.entries(PROGRAMS)) writeWhole(join(bin, name), text, 0o755);
  return bin;
};
