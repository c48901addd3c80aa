/** Login shells that are no Bourne shells, and German messages: from Debian's own packages, put on a host without its manager knowing. */
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { labDir } from '../fleet/config.ts';
import type { LabHost } from '../fleet/host.ts';
import { lockOrWait, must, run } from '../fleet/process.ts';
import { codename } from '../fleet/tools.ts';

const PACKAGES = ['tcsh', 'fish', 'fish-common', 'libpcre2-32-0', 'apt', 'libapt-pkg6.0', 'dpkg'];

/** The packages unpacked into one tree, made once per machine. */
const tree = async (): Promise<string> => {
  const dir = join(labDir, `foreign-${await codename()}`);
  const held = await lockOrWait('shells', 'exclusive');
  try {
    if (await stat(join(dir, 'complete')).catch(() => null)) return dir;
    await mkdir(join(dir, 'debs'), { recursive: true });
    const fetch = () => run('apt-get', ['-q', 'download', ...PACKAGES], { cwd: join(dir, 'debs') });
    if ((await fetch()).code !== 0) {
      await run('apt-get', ['-q', 'update']);
      await must('apt-get', ['-q', 'download', ...PACKAGES], { cwd: join(dir, 'debs') });
    }
    for (const name of await readdir(join(dir, 'debs')))
      await must('dpkg-deb', ['-x', join(dir, 'debs', name), join(dir, 'root')]);
    await must('touch', [join(dir, 'complete')]);
    return dir;
  } finally {
    await held.release();
  }
};

/** Copies what the globs match from the tree onto a host. */
const put = async (host: LabHost, ...globs: string[]): Promise<void> => {
  const packed = await must('sh', [
    '-c',
    `cd "$0" && tar -czf - --owner=0 --group=0 ${globs.join(' ')} | base64`,
    join(await tree(), 'root'),
  ]);
  // Directories that are links on the host (/bin, /lib) stay links.
  await host.output('base64 -d | tar -C / --keep-directory-symlink -xzf -', { input: packed });
};

export const installShell = async (host: LabHost, shell: 'tcsh' | 'fish'): Promise<string> => {
  await put(
    host,
    ...(shell === 'tcsh'
      ? ['bin/tcsh']
      : [
          'usr/bin/fish',
          'usr/share/fish/config.fish',
          'usr/share/fish/functions',
          'usr/lib/*/libpcre2-32.so*',
        ]),
  );
  return shell === 'tcsh' ? '/bin/tcsh' : '/usr/bin/fish';
};

/** apt's and dpkg's own German words. */
export const installGerman = async (host: LabHost): Promise<void> => {
  await put(host, 'usr/share/locale/de');
  // A locale that can be set; what it says comes from the catalogues.
  await host.output('cp -a /usr/lib/locale/C.utf8 /usr/lib/locale/de_DE.utf8');
};
