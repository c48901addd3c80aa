/** dnf's history database: what was done, with which words, by which login. Without root: it may be read by all. */
import { ok, type Result } from '../../../../shared/errors.ts';
import type { CommandOutput, CommandSpec } from '../../ports.ts';
import { changeOf, type HostTransaction } from '../history.ts';
import { plainLine } from '../shell.ts';
import { program, programBody, readAnswer, script } from './program.ts';

/** Actions as libdnf numbers them: 1 install, 2 downgrade, 6 upgrade, 8 remove; 3, 5 and 7 are the packages those replaced. */
const HISTORY = `
def main():
    import sqlite3, pwd
    path = ROOT + '/var/lib/dnf/history.sqlite'
    if os.path.exists(path):
        db = sqlite3.connect('file:' + path + '?mode=ro&immutable=1', uri=True)
        rows = db.execute('select id, dt_begin, user_id, cmdline from trans order by id desc limit 300').fetchall()
        for tid, begun, user, cmdline in rows:
            try:
                who = pwd.getpwuid(user).pw_name
            except (KeyError, TypeError, OverflowError):
                who = 'root' if user in (None, 4294967295, -1) else str(user)
            items = db.execute('select r.name, r.arch, r.epoch, r.version, r.release, i.action from trans_item i join rpm r on r.item_id = i.item_id where i.trans_id = ?', (tid,)).fetchall()
            out('trans', at=int(begun or 0), by=who, command=cmdline or '', items=[[n, a, evr_text(e, v, r), int(k)] for n, a, e, v, r, k in items][:20000])
        db.close()
    out('end')

main()
`;

export const historyCommand = (options: { nonce: string }): CommandSpec => ({
  script: script(options.nonce, programBody(program({}, HISTORY))),
  root: false,
  timeoutMs: 120_000,
  maxOutputBytes: 16 * 1024 * 1024,
});

/** Errors: those of `readAnswer`. */
export function parseHistory(output: CommandOutput, context: { nonce: string }): Result<HostTransaction[]> {
  const read = readAnswer(output, context.nonce, []);
  if (!read.ok) return read;
  return ok(
    read.value.of('trans').flatMap(({ at, by, command, items }) => {
      if (typeof at !== 'number' || !Number.isSafeInteger(at) || at <= 0 || at > 8e9 || !Array.isArray(items))
        return [];
      const changes = items.flatMap((item: unknown) => {
        if (!Array.isArray(item)) return [];
        const [name, arch, version, action] = item.map(String);
        if (action === '8' || action === '5') return changeOf(name, arch, version, undefined) ?? [];
        return action === '1' || action === '2' || action === '6'
          ? (changeOf(name, arch, undefined, version) ?? [])
          : [];
      });
      const words = plainLine(String(command), 990);
      return [
        {
          at: new Date(at * 1000).toISOString(),
          by: plainLine(String(by), 200),
          ...(words === '' ? {} : { command: words.startsWith('dnf') ? words : `dnf ${words}` }),
          changes,
        },
      ];
    }),
  );
}
