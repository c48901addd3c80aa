import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isProgram, payload, SOURCE_DATE_EPOCH } from './packages.ts';
import { LabError, must } from './process.ts';
import type { RpmVersion } from './rpmShapes.ts';

/** The machine's architecture as rpm calls it, e.g. `x86_64`. */
export const rpmArchitecture = async (): Promise<string> => (await must('rpm', ['--eval', '%_arch'])).trim();

export interface Evr {
  readonly epoch: string;
  readonly version: string;
  readonly release: string;
}

/** `[epoch:]version-release` taken apart. */
export const evrOf = (text: string): Evr => {
  const [, epoch = '0', version, release] = /^(?:(\d+):)?([^-]+)-([^-]+)$/.exec(text) ?? [];
  if (version === undefined || release === undefined) throw new LabError(`not a version: ${text}`);
  return { epoch, version, release };
};

const archOf = (p: RpmVersion, native: string): string => (p.arch === 'native' ? native : p.arch);

/** rpm's file name convention: the epoch is left out. */
export const rpmFileName = (p: RpmVersion, native: string): string =>
  `${p.name}-${p.version.replace(/^\d+:/, '')}.${archOf(p, native)}.rpm`;

/** A percent sign starts a macro, in scripts too. */
const literal = (text: string): string => text.replaceAll('%', '%%');

const specText = (p: RpmVersion, paths: readonly string[]): string => {
  const { epoch, version, release } = evrOf(p.version);
  const tags: [string, string][] = [
    // The source package's name is the spec's; a package of another name is a subpackage of it.
    ['Name', p.source],
    ['Version', version],
    ['Release', release],
    ['Summary', `lab package ${p.name}`],
    ['License', 'MIT'],
  ];
  if (epoch !== '0') tags.push(['Epoch', epoch]);
  const own: [string, string][] = [
    // A package of the lab needs what it says, and nothing that is read out of its files.
    ['AutoReqProv', 'no'],
    ...p.tags.map(([name, value]): [string, string] => [name, value]),
  ];
  if (p.arch === 'noarch') own.push(['BuildArch', 'noarch']);
  const lines = (all: readonly [string, string][]): string[] =>
    all.map(([name, value]) => `${name}: ${value}`);
  const sub = p.name === p.source ? '' : ` -n ${p.name}`;
  const text = [...lines(tags)];
  if (sub !== '') text.push('%description', 'a source', `%package${sub}`, `Summary: lab package ${p.name}`);
  text.push(...lines(own), `%description${sub}`, 'It exists to be updated, broken and put back.');
  for (const [when, body] of Object.entries(p.scripts)) text.push(`%${when}${sub}`, literal(body.trim()));
  text.push(`%files${sub}`, '%defattr(-,root,root,-)');
  for (const path of paths) text.push(p.config.includes(path) ? `%config(noreplace) ${path}` : path);
  return `${text.join('\n')}\n`;
};

/** Builds one package into `dir`; returns the path of its file. */
export const buildRpm = async (p: RpmVersion, dir: string, native: string): Promise<string> => {
  const scratch = await mkdtemp(join(tmpdir(), 'frostline-lab-rpm-'));
  const tree = join(scratch, 'tree');
  try {
    const paths = [...Object.keys(p.files), ...Object.keys(p.links)];
    const place = async (path: string): Promise<string> => {
      await mkdir(dirname(join(tree, path)), { recursive: true, mode: 0o755 });
      return join(tree, path);
    };
    await mkdir(tree);
    for (const [path, content] of Object.entries(p.files)) {
      await writeFile(await place(path), content);
      await chmod(join(tree, path), isProgram(path) ? 0o755 : 0o644);
    }
    for (const [path, target] of Object.entries(p.links)) await symlink(target, await place(path));
    if (p.payloadBytes > 0) {
      const path = `/usr/lib/${p.name}/payload.bin`;
      await writeFile(await place(path), payload(p.payloadBytes), { mode: 0o644 });
      paths.push(path);
    }
    const spec = join(scratch, 'package.spec');
    await writeFile(spec, specText(p, paths));
    const defines = {
      _topdir: join(scratch, 'top'),
      _rpmdir: join(scratch, 'out'),
      _dbpath: join(scratch, 'db'),
      _build_name_fmt: '%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
      _binary_payload: 'w1.gzdio',
      // Nothing is stripped, compiled or taken out of the tree.
      __os_install_post: '%{nil}',
      debug_package: '%{nil}',
      _build_id_links: 'none',
      use_source_date_epoch_as_buildtime: '1',
      clamp_mtime_to_source_date_epoch: '1',
      _buildhost: 'lab',
    };
    await must(
      'rpmbuild',
      [
        ...['-bb', '--quiet', '--noclean', '--buildroot', tree],
        ...Object.entries(defines).flatMap(([name, value]) => ['--define', `${name} ${value}`]),
        spec,
      ],
      { env: { ...process.env, SOURCE_DATE_EPOCH, LC_ALL: 'C' } },
    );
    const name = rpmFileName(p, native);
    const built = await readdir(join(scratch, 'out'));
    if (!built.includes(name)) throw new LabError(`rpmbuild made ${built.join(', ')} and not ${name}`);
    await mkdir(dir, { recursive: true });
    const file = join(dir, name);
    // Never written in place: the file may be a hard link into the image's repository.
    await rm(file, { force: true });
    await must('mv', [join(scratch, 'out', name), file]);
    return file;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};
