import { createCipheriv } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { must } from './process.ts';
import type { PackageVersion } from './shapes.ts';

/** Fixed, so that a package built twice has the same bytes (and hash). */
export const SOURCE_DATE_EPOCH = '1735689600';

/** Incompressible and still the same every time: a key stream. */
export const payload = (bytes: number): Buffer =>
  createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16)).update(Buffer.alloc(bytes));

export const isProgram = (path: string): boolean => /^\/(usr\/s?bin|etc\/init\.d)\//.test(path);

/** dpkg's file name convention: the epoch is left out. */
export const debFileName = (p: PackageVersion, nativeArch: string): string =>
  `${p.name}_${p.version.replace(/^\d+:/, '')}_${p.arch === 'native' ? nativeArch : p.arch}.deb`;

const controlText = (p: PackageVersion, nativeArch: string, installedKiB: number): string => {
  const fields: Record<string, string> = {
    Package: p.name,
    Version: p.version,
    Architecture: p.arch === 'native' ? nativeArch : p.arch,
    Maintainer: 'Frostline Lab <lab@localhost>',
    'Installed-Size': String(installedKiB),
    Section: 'misc',
    Priority: 'optional',
    ...p.fields,
    Description: `lab package ${p.name}\n It exists to be updated, broken and put back.`,
  };
  return `${Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')}\n`;
};

/** The machine's dpkg architecture, e.g. `amd64`. */
export const nativeArchitecture = async (): Promise<string> =>
  (await must('dpkg', ['--print-architecture'])).trim();

/** Builds one package into `dir`; returns the path of its file. */
export const buildPackage = async (p: PackageVersion, dir: string, nativeArch: string): Promise<string> => {
  const tree = await mkdtemp(join(tmpdir(), 'frostline-lab-deb-'));
  try {
    await chmod(tree, 0o755);
    const put = async (path: string, content: string | Buffer, mode: number): Promise<void> => {
      await mkdir(dirname(join(tree, path)), { recursive: true, mode: 0o755 });
      await writeFile(join(tree, path), content);
      await chmod(join(tree, path), mode);
    };
    let bytes = p.payloadBytes;
    for (const [path, content] of Object.entries(p.files)) {
      bytes += Buffer.byteLength(content);
      await put(path, content, isProgram(path) ? 0o755 : 0o644);
    }
    if (p.payloadBytes > 0) await put(`/usr/lib/${p.name}/payload.bin`, payload(p.payloadBytes), 0o644);
    for (const [name, script] of Object.entries(p.scripts)) await put(`/DEBIAN/${name}`, script, 0o755);
    if (p.conffiles.length > 0) await put('/DEBIAN/conffiles', `${p.conffiles.join('\n')}\n`, 0o644);
    await put('/DEBIAN/control', controlText(p, nativeArch, Math.ceil(bytes / 1024) + 8), 0o644);
    await mkdir(dir, { recursive: true });
    const file = join(dir, debFileName(p, nativeArch));
    // Never written in place: the file may be a hard link into the image's repository.
    await rm(file, { force: true });
    await must('dpkg-deb', ['-Zgzip', '-z1', '--root-owner-group', '-b', tree, file], {
      env: { ...process.env, SOURCE_DATE_EPOCH },
    });
    return file;
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
};
