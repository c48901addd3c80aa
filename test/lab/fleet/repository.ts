import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPackage, nativeArchitecture } from './packages.ts';
import { must, run } from './process.ts';
import { allVersions, type PackageVersion, type Suite } from './shapes.ts';

/** What a suite's Release says of itself; apt shows `Label:Version/Suite` in its simulations. */
export const suites: Readonly<Record<Suite, { origin: string; label: string; version: string }>> = {
  lab: { origin: 'Lab', label: 'Lab', version: '12.0' },
  'lab-security': { origin: 'Lab', label: 'Lab-Security', version: '12' },
};

const pool = (dir: string, suite: Suite): string => join(dir, 'public', 'pool', suite);

/** Runs `task` with a key ring of its own; gpg's agent needs a short path and must not outlive it. */
const withKeyring = async <T>(
  task: (gpg: (args: readonly string[]) => Promise<string>) => Promise<T>,
): Promise<T> => {
  const home = await mkdtemp(join(tmpdir(), 'fl-gpg-'));
  const env = { ...process.env, GNUPGHOME: home };
  try {
    return await task((args) =>
      must('gpg', ['--batch', '--yes', '--quiet', '--pinentry-mode=loopback', ...args], { env }),
    );
  } finally {
    await run('gpgconf', ['--kill', 'all'], { env });
    await rm(home, { recursive: true, force: true });
  }
};

const createKey = (dir: string): Promise<void> =>
  withKeyring(async (gpg) => {
    await gpg([
      '--passphrase',
      '',
      '--quick-generate-key',
      'Frostline Lab <lab@localhost>',
      'ed25519',
      'sign',
      'never',
    ]);
    await gpg(['--output', join(dir, 'secret.gpg'), '--passphrase', '', '--export-secret-keys']);
    await gpg(['--output', join(dir, 'lab.gpg'), '--export']);
  });

/** Writes Packages and Release of every suite and signs them: what apt sees after its next update. */
export const indexRepository = async (dir: string): Promise<void> => {
  const arch = await nativeArchitecture();
  const root = join(dir, 'public');
  await withKeyring(async (gpg) => {
    await gpg(['--import', join(dir, 'secret.gpg')]);
    for (const suite of Object.keys(suites) as Suite[]) {
      const about = suites[suite];
      const dist = join(root, 'dists', suite);
      const before = await stat(join(dist, 'InRelease')).catch(() => null);
      await rm(dist, { recursive: true, force: true });
      const binary = join(dist, 'main', `binary-${arch}`);
      await mkdir(binary, { recursive: true });
      const packages = await must('apt-ftparchive', ['packages', join('pool', suite)], { cwd: root });
      await writeFile(join(binary, 'Packages'), packages);
      await must('gzip', ['-kn9', join(binary, 'Packages')]);
      const settings = {
        Origin: about.origin,
        Label: about.label,
        Suite: suite,
        Codename: suite,
        Version: about.version,
        Architectures: arch,
        Components: 'main',
      };
      const options = Object.entries(settings).flatMap(([name, value]) => [
        '-o',
        `APT::FTPArchive::Release::${name}=${value}`,
      ]);
      const release = await must('apt-ftparchive', [...options, 'release', dist]);
      await writeFile(join(dist, 'Release'), release);
      await gpg(['--output', join(dist, 'InRelease'), '--clearsign', join(dist, 'Release')]);
      // HTTP and apt tell versions of a file apart by whole seconds: two indexings within one must still differ.
      const now = Math.floor(Date.now() / 1000);
      const time = before === null ? now : Math.max(now, Math.floor(before.mtimeMs / 1000) + 1);
      for (const file of ['InRelease', 'Release']) await utimes(join(dist, file), time, time);
      for (const file of await readdir(binary)) await utimes(join(binary, file), time, time);
    }
  });
};

/** Adds package versions to the repository in `dir`; call `indexRepository` to make them visible. */
export const addPackages = async (dir: string, versions: readonly PackageVersion[]): Promise<void> => {
  const arch = await nativeArchitecture();
  for (const p of versions) await buildPackage(p, pool(dir, p.suite), arch);
};

/**
 * Builds the lab's repository below `dir`: `public/` is what is served (dists, pool), `lab.gpg` the key apt trusts,
 * `secret.gpg` the throw-away signing key, `unoffered/` the installed packages that the repository does not have.
 */
export const buildRepository = async (dir: string): Promise<void> => {
  await mkdir(dir, { recursive: true });
  const arch = await nativeArchitecture();
  await addPackages(
    dir,
    allVersions.filter((p) => p.offered),
  );
  for (const p of allVersions.filter((one) => !one.offered))
    await buildPackage(p, join(dir, 'unoffered'), arch);
  await createKey(dir);
  await indexRepository(dir);
};
