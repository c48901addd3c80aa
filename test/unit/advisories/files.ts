/** Advisory data files as they are published, cut down to what tests need; and zips, also such as no program would make. */
import { crc32, deflateRawSync } from 'node:zlib';

export const NOW = Date.parse('2026-11-23T14:00:00.000Z');

export const osvRecord = (change: Record<string, unknown> = {}) => ({
  id: 'DSA-5764-1',
  summary: 'openssl - security update',
  published: '2026-09-03T00:00:00Z',
  modified: '2026-11-01T10:00:00.5Z',
  upstream: ['CVE-2026-6119', 'DEBIAN-CVE-2026-6120'],
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H' }],
  affected: [
    {
      package: { ecosystem: 'Debian:12', name: 'openssl', purl: 'pkg:deb/debian/openssl' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.0.15-1~deb12u1' }] }],
    },
  ],
  ...change,
});

export const tracker = {
  openssl: {
    'CVE-2026-6119': {
      description: 'A name check reads out of bounds.',
      releases: {
        bookworm: {
          status: 'resolved',
          repositories: { bookworm: '3.0.14-1~deb12u2' },
          fixed_version: '3.0.15-1~deb12u1',
          urgency: 'medium**',
        },
        trixie: { status: 'resolved', fixed_version: '0', urgency: 'unimportant' },
        sid: { status: 'open', urgency: 'not yet assigned' },
      },
    },
    'TEMP-0000001-ABCDEF': { releases: { bookworm: { status: 'open' } } },
  },
  nodejs: { 'CVE-2026-6119': { releases: { bookworm: { status: 'undetermined', urgency: 'high' } } } },
};

export const usnDatabase = {
  '7000-1': {
    id: '7000-1',
    title: 'OpenSSL vulnerability',
    timestamp: 1_790_000_000.5,
    cves: ['CVE-2026-6119', 'https://launchpad.net/bugs/1'],
    releases: {
      noble: {
        sources: { openssl: { version: '3.0.13-0ubuntu3.4', description: 'TLS' } },
        binaries: { libssl3t64: { version: '3.0.13-0ubuntu3.4' } },
      },
      'esm-infra/focal': { binaries: { 'libssl1.1': { version: '1.1.1f-1ubuntu2.23+esm1' } } },
    },
  },
};

export const usnPage = {
  notices: [
    {
      id: 'USN-7000-1',
      title: 'OpenSSL vulnerability',
      published: '2026-09-03T12:00:00.123456',
      cves_ids: ['CVE-2026-6119'],
      release_packages: {
        noble: [
          { name: 'openssl', version: '3.0.13-0ubuntu3.4', is_source: true },
          { name: 'libssl3t64', version: '3.0.13-0ubuntu3.4', is_source: false },
        ],
      },
    },
  ],
  offset: 0,
};

export const updateinfo = `<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update from="security@example.org" status="final" type="security" version="1">
    <id>RLSA-2026:1234</id>
    <title>Important: openssl security &amp; bug fix</title>
    <issued date="2026-09-03 12:00:00"/>
    <updated date="2026-09-04"/>
    <severity>Important</severity>
    <description>not read</description>
    <references>
      <reference href="https://example.org/1" id="CVE-2026-6119" title="CVE-2026-6119" type="cve"/>
      <reference href="https://example.org/2" id="2300000" type="bugzilla"/>
    </references>
    <pkglist><collection short="baseos"><name>BaseOS</name>
      <package name="openssl" version="3.0.7" release="28.el9_4" epoch="1" arch="x86_64" src="s"><filename>f</filename></package>
      <package name="openssl-libs" version="3.0.7" release="28.el9_4" epoch="1" arch="x86_64" src="s"/>
      <package name="openssl-libs" version="3.0.7" release="28.el9_4" epoch="1" arch="i686" src="s"/>
      <package name="openssl" version="3.0.7" release="28.el9_4" epoch="1" arch="src" src="s"/>
    </collection></pkglist>
  </update>
  <update from="x" status="final" type="bugfix" version="1"><id>RLBA-2026:1</id><title>t</title>
    <pkglist><collection><package name="bash" version="5" release="1.el9" epoch="0" arch="x86_64"/></collection></pkglist>
  </update>
</updates>
`;

export type ZipEntry = {
  name: string;
  data: string | Buffer;
  /** Unix mode of the entry. */
  mode?: number;
  /** What the headers say, where they lie. */
  claimed?: number;
};

/** APPNOTE.TXT 6.3.10 §4.3, as far as it goes here: local headers, central directory, end record. */
export const zipOf = (entries: ZipEntry[]): Buffer => {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const { name, data, mode = 0o100644, claimed } of entries) {
    const plain = Buffer.from(data);
    const packed = deflateRawSync(plain, { level: 9 });
    const title = Buffer.from(name, 'utf8');
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x0800, 2);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(plain), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(claimed ?? plain.length, 18);
    common.writeUInt16LE(title.length, 22);
    locals.push(Buffer.from('PK\x03\x04', 'latin1'), common, title, packed);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(at, 10);
    central.push(Buffer.from('PK\x01\x02', 'latin1'), Buffer.from([20, 3]), common, tail, title);
    at += 30 + title.length + packed.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, directory, end]);
};
