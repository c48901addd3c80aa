import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advisoryReader } from '../../../main/adapters/advisories/reader.ts';
import { eachZipped, ZIP_LIMITS } from '../../../main/adapters/advisories/zip.ts';
import { cvssScore, severityOf } from '../../../main/core/advisories/severity.ts';
import { Advisory, type AdvisoryFormat } from '../../../shared/model/advisory.ts';
import { NOW, osvRecord, tracker, updateinfo, usnDatabase, usnPage, zipOf } from './files.ts';

const read = async (content: string | Uint8Array, format?: AdvisoryFormat) =>
  advisoryReader.read(typeof content === 'string' ? Buffer.from(content) : content, {
    now: NOW,
    ...(format === undefined ? {} : { format }),
  });
const json = (value: unknown) => JSON.stringify(value);
const taken = async (content: string | Uint8Array) => {
  const file = await read(content);
  if (!file.ok) throw new Error(file.error.message);
  for (const advisory of file.value.advisories) expect(Advisory.parse(advisory)).toEqual(advisory);
  return file.value;
};
const refusal = async (content: string | Uint8Array, format?: AdvisoryFormat) => {
  const file = await read(content, format);
  if (file.ok) return 'it was taken';
  expect(file.error.code).toBe('advisories.refused');
  return file.error.message;
};

const DSA = {
  format: 'osv',
  id: 'DSA-5764-1',
  title: 'openssl - security update',
  severity: 'important',
  cves: ['CVE-2026-6119', 'CVE-2026-6120'],
  published: '2026-09-03T00:00:00.000Z',
  modified: '2026-11-01T10:00:00.500Z',
  affected: [
    {
      ecosystem: 'apt',
      distro: 'debian',
      release: '12',
      name: 'openssl',
      kind: 'source',
      fixed: '3.0.15-1~deb12u1',
    },
  ],
};

describe('OSV', () => {
  it('is one record, a list of them, or a zip', async () => {
    for (const content of [
      json(osvRecord()),
      json([osvRecord()]),
      zipOf([{ name: 'DSA-5764-1.json', data: json(osvRecord()) }]),
      gzipSync(json(osvRecord())),
    ])
      expect(await taken(content)).toMatchObject({
        format: 'osv',
        advisories: [DSA],
        skipped: 0,
        dated: '2026-11-01T10:00:00.500Z',
        whole: false,
      });
  });

  it.each([
    ['Debian:bookworm', { ecosystem: 'apt', distro: 'debian', release: '12', kind: 'source' }],
    ['Ubuntu:24.04:LTS', { ecosystem: 'apt', distro: 'ubuntu', release: '24.04', kind: 'source' }],
    ['Ubuntu:Pro:18.04:LTS', { ecosystem: 'apt', distro: 'ubuntu', release: '18.04', kind: 'source' }],
    ['AlmaLinux:9', { ecosystem: 'dnf', distro: 'almalinux', release: '9', kind: 'binary' }],
    ['Rocky Linux:9', { ecosystem: 'dnf', distro: 'rocky', release: '9', kind: 'either' }],
    ['openSUSE:Leap 15.6', { ecosystem: 'zypper', distro: 'opensuse-leap', release: '15.6', kind: 'either' }],
    ['openSUSE:Tumbleweed', { ecosystem: 'zypper', distro: 'opensuse-tumbleweed', kind: 'either' }],
    [
      'SUSE:Linux Enterprise Module for Basesystem 15 SP6',
      { ecosystem: 'zypper', distro: 'sles', release: '15.6', kind: 'either' },
    ],
    [
      'SUSE:Linux Enterprise Server 12',
      { ecosystem: 'zypper', distro: 'sles', release: '12', kind: 'either' },
    ],
    [
      'Red Hat:enterprise_linux:9::baseos',
      { ecosystem: 'dnf', distro: 'rhel', release: '9', kind: 'binary' },
    ],
  ])('of %s is about that distribution and release', async (ecosystem, where) => {
    const affected = [{ ...osvRecord().affected[0], package: { ecosystem, name: 'openssl' } }];
    const { advisories } = await taken(json(osvRecord({ affected })));
    expect(advisories[0]?.affected[0]).toMatchObject(where);
  });

  it('skips what is about nothing Frostline manages, or cannot be named, and counts it', async () => {
    const npm = [{ package: { ecosystem: 'npm', name: '@x/y' }, ranges: [] }];
    const odd = [{ ...osvRecord().affected[0], package: { ecosystem: 'Debian:12', name: 'a; rm -rf /' } }];
    expect(await taken(json([osvRecord({ affected: npm }), osvRecord({ affected: odd })]))).toMatchObject({
      advisories: [],
      skipped: 2,
    });
  });

  it('says in which stretches of versions something is affected', async () => {
    const events = [
      { introduced: '1.0-1' },
      { fixed: '1.0-5' },
      { introduced: '2.0-1' },
      { last_affected: '2.0-9' },
      { introduced: '3.0-1' },
    ];
    const affected = [
      { package: { ecosystem: 'Debian:12', name: 'x' }, ranges: [{ type: 'ECOSYSTEM', events }] },
    ];
    const { advisories } = await taken(json(osvRecord({ affected })));
    expect(
      advisories[0]?.affected.map(({ introduced, fixed, lastAffected }) => [introduced, fixed, lastAffected]),
    ).toEqual([
      ['1.0-1', '1.0-5', undefined],
      ['2.0-1', undefined, '2.0-9'],
      ['3.0-1', undefined, undefined],
    ]);
  });

  it('that was withdrawn is kept without packages, so that it replaces what it was', async () => {
    const { advisories } = await taken(json(osvRecord({ withdrawn: '2026-11-02T00:00:00Z' })));
    expect(advisories).toMatchObject([{ id: 'DSA-5764-1', affected: [] }]);
  });

  it('does not believe dates from the future', async () => {
    const file = await taken(json(osvRecord({ modified: '2999-01-01T00:00:00Z', published: undefined })));
    expect(file.dated).toBeUndefined();
    expect(file.advisories[0]).not.toHaveProperty('modified');
  });
});

describe('the Debian security tracker', () => {
  it('is read by source package and release; what never was affected, or is not known to be, is none', async () => {
    const file = await taken(json(tracker));
    expect(file).toMatchObject({ format: 'debian-tracker', skipped: 1, whole: true });
    expect(file.dated).toBeUndefined();
    const bare = { ecosystem: 'apt', distro: 'debian', name: 'openssl', kind: 'source' };
    expect(file.advisories).toEqual([
      {
        format: 'debian-tracker',
        id: 'CVE-2026-6119',
        title: 'A name check reads out of bounds.',
        severity: 'important',
        cves: ['CVE-2026-6119'],
        affected: [
          { ...bare, release: '12', fixed: '3.0.15-1~deb12u1' },
          { ...bare, release: 'sid' },
        ],
      },
    ]);
  });
});

describe('Ubuntu’s notices', () => {
  it('are read from the database', async () => {
    const { advisories, format } = await taken(json(usnDatabase));
    const bare = { ecosystem: 'apt', distro: 'ubuntu' };
    expect(format).toBe('usn');
    expect(advisories).toMatchObject([
      {
        id: 'USN-7000-1',
        cves: ['CVE-2026-6119'],
        published: new Date(1_790_000_000_500).toISOString(),
        affected: [
          { ...bare, release: '24.04', name: 'openssl', kind: 'source', fixed: '3.0.13-0ubuntu3.4' },
          { ...bare, release: '20.04', name: 'libssl1.1', kind: 'binary' },
        ],
      },
    ]);
  });

  it('are read from a page of the site', async () => {
    const { advisories } = await taken(json(usnPage));
    expect(advisories).toMatchObject([
      {
        id: 'USN-7000-1',
        published: '2026-09-03T12:00:00.123Z',
        affected: [{ name: 'openssl', release: '24.04' }],
      },
    ]);
  });
});

describe('updateinfo.xml', () => {
  it.each([
    ['plain', Buffer.from(updateinfo)],
    ['gzip', gzipSync(updateinfo)],
    ['zstd', zstdCompressSync(updateinfo)],
  ])(
    '(%s) gives security updates with the release they are for, a line for each build',
    async (_, content) => {
      const where = { ecosystem: 'dnf', release: '9', kind: 'binary', fixed: '1:3.0.7-28.el9_4' };
      expect(await taken(content)).toMatchObject({
        format: 'updateinfo',
        skipped: 1,
        dated: '2026-09-04T00:00:00.000Z',
        advisories: [
          {
            id: 'RLSA-2026:1234',
            title: 'Important: openssl security & bug fix',
            severity: 'important',
            cves: ['CVE-2026-6119'],
            published: '2026-09-03T12:00:00.000Z',
            affected: [
              { ...where, name: 'openssl' },
              { ...where, name: 'openssl-libs' },
            ],
          },
        ],
      });
    },
  );
});

it('updateinfo of SUSE is for hosts with zypper, of all releases: its packages do not name theirs', async () => {
  const suse = updateinfo.replace('RLSA-2026:1234', 'openSUSE-SLE-15.6-2026-1234').replaceAll('.el9_4', '.1');
  const where = { ecosystem: 'zypper', kind: 'binary', fixed: '1:3.0.7-28.1' };
  const { advisories } = await taken(Buffer.from(suse));
  expect(advisories[0]?.affected).toEqual([
    { ...where, name: 'openssl' },
    { ...where, name: 'openssl-libs' },
  ]);
});

describe('a hostile file is refused whole, with the reason:', () => {
  const entity = '<!DOCTYPE updates [<!ENTITY a "aaaa">]><updates>&a;</updates>';
  const deep = `<updates>${'<a>'.repeat(100)}`;
  const cases: [string, string | Uint8Array, string][] = [
    ['nothing', '', 'not JSON'],
    ['another thing', '"text"', 'none of the formats'],
    ['an empty list', '[]', 'no advisory'],
    ['JSON that is cut off', json(osvRecord()).slice(0, -5), 'cut off'],
    ['a field of another kind', json(osvRecord({ affected: 7 })), 'affected'],
    ['one bad record among good ones', json([osvRecord(), { id: 7 }]), 'no OSV record'],
    ['JSON nested too deep', `${'['.repeat(200_000)}`, 'it '],
    ['bytes that are no text', Buffer.from([0x7b, 0xff, 0xfe]), 'UTF-8'],
    ['a document type and entities', entity, 'document type'],
    [
      'an entity nobody declared',
      '<updates><update type="security"><id>&x;</id></update></updates>',
      'not well-formed',
    ],
    ['XML nested too deep', deep, 'nested too deep'],
    ['XML that is cut off', updateinfo.slice(0, 400), 'not well-formed'],
    ['other XML', '<html></html>', 'no updateinfo'],
    ['gzip that is cut off', gzipSync(updateinfo).subarray(0, 100), 'cannot be unpacked'],
    ['gzip that unpacks to far more', gzipSync(Buffer.alloc(64 * 1024 * 1024)), 'unpacks to more'],
    ['zstd that unpacks to far more', zstdCompressSync(Buffer.alloc(64 * 1024 * 1024)), 'unpacks to more'],
    ['another packing', Buffer.from('BZh91AY&SY'), 'bzip2'],
    ['half a zip', zipOf([{ name: 'a.json', data: json(osvRecord()) }]).subarray(0, 60), 'zip'],
    ['a path out of the zip', zipOf([{ name: '../a.json', data: '{}' }]), 'zip'],
    ['an absolute path', zipOf([{ name: '/a.json', data: '{}' }]), 'zip'],
    ['a hidden file', zipOf([{ name: '.a.json', data: '{}' }]), 'no plain .json file'],
    ['a file that is no JSON', zipOf([{ name: 'a.sh', data: 'x' }]), 'no plain .json file'],
    ['a link', zipOf([{ name: 'a.json', data: '/etc/passwd', mode: 0o120777 }]), 'link'],
    [
      'a name twice',
      zipOf([
        { name: 'a.json', data: json(osvRecord()) },
        { name: 'a.json', data: json(osvRecord()) },
      ]),
      'twice',
    ],
    ['a size that is a lie', zipOf([{ name: 'a.json', data: json(osvRecord()), claimed: 10 }]), 'zip'],
    [
      'a bomb',
      zipOf([{ name: 'a.json', data: Buffer.alloc(30 * 1024 * 1024, ' ') }]),
      'packed more than 200:1',
    ],
    ['a giant', zipOf([{ name: 'a.json', data: '{}', claimed: 2 ** 31 }]), 'too large'],
  ];
  it.each(cases)('%s', async (_, content, reason) => {
    expect(await refusal(content)).toContain(reason);
  });

  it('more files than are taken', async () => {
    const zip = zipOf([1, 2, 3].map((n) => ({ name: `${n}.json`, data: '{}' })));
    await expect(eachZipped(zip, () => undefined, { ...ZIP_LIMITS, entries: 2 })).rejects.toThrow(
      'more than 2 files',
    );
  });

  it('one that is not in the format it is said to be', async () => {
    expect(await refusal(json(tracker), 'osv')).toContain('no OSV record');
    expect(await refusal(updateinfo, 'debian-tracker')).toContain('not JSON');
    expect(await refusal(zipOf([]), 'usn')).toContain('a zip is a collection of OSV');
  });

  it('or taken, never anything else, however it is broken', async () => {
    const files = [
      Buffer.from(json(osvRecord())),
      Buffer.from(json(tracker)),
      Buffer.from(json(usnDatabase)),
      Buffer.from(updateinfo),
      zipOf([{ name: 'a.json', data: json(osvRecord()) }]),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 255 })), {
          minLength: 1,
          maxLength: 4,
        }),
        async (file, changes) => {
          const broken = Buffer.from(file);
          for (const [where, byte] of changes) broken[Math.floor(where * (broken.length - 1))] = byte;
          const outcome = await read(broken);
          if (outcome.ok) for (const one of outcome.value.advisories) Advisory.parse(one);
          else expect(outcome.error.code).toBe('advisories.refused');
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('severities', () => {
  it.each([
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 9.8],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H', 10],
    ['CVSS:3.0/AV:L/AC:H/PR:L/UI:R/S:U/C:L/I:N/A:N', 2.2],
    ['CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N', 6.4],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N', 0],
  ])('of %s is %d', (vector, score) => {
    expect(cvssScore(vector)).toBe(score);
  });

  it('are not guessed', () => {
    expect(cvssScore('CVSS:4.0/AV:N')).toBeUndefined();
    expect(cvssScore('CVSS:3.1/AV:X/AC:L')).toBeUndefined();
    expect(severityOf('not yet assigned')).toBe('unknown');
    expect(severityOf('HIGH')).toBe('important');
    expect(severityOf('constructor')).toBe('unknown');
  });
});
