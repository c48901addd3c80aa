/** Where a host says that its packages can be had: what of it counts. */
import { describe, expect, it } from 'vitest';
import { locateCommand, parseLocations } from '../../../main/core/drivers/apt/locate.ts';
import { parseLocations as parseDnf } from '../../../main/core/drivers/dnf/locate.ts';
import { bad, good } from '../snapshots/support.ts';

const nonce = 'ab'.repeat(16);
const HASH = 'a'.repeat(64);
const KNOWN = `Package: curl\nVersion: 1:8.0-1\nArchitecture: amd64\nSize: 42\nSHA256: ${HASH}\n`;
const URI = `'http://deb.example/pool/curl_8.0-1_amd64.deb' curl_1%3a8.0-1_amd64.deb 42 SHA256:${HASH}`;
const said = (sections: Record<string, string>) => ({
  exitCode: 0,
  stderr: '',
  stdout: `@@${nonce} begin\n${Object.entries(sections)
    .map(([name, text]) => `@@${nonce} ${name}\n${text}\n@@${nonce} rc ${name} 0\n`)
    .join('')}@@${nonce} end\n`,
});
const apt = (uris: string, known = KNOWN) => good(parseLocations(said({ uris, known }), { nonce }));

describe('apt', () => {
  it('tells address, size and hash of a package', () => {
    expect(apt(URI)).toEqual([
      {
        name: 'curl',
        arch: 'amd64',
        version: '1:8.0-1',
        url: 'http://deb.example/pool/curl_8.0-1_amd64.deb',
        bytes: 42,
        sha256: HASH,
      },
    ]);
  });

  it.each([
    ['an address whose hash is not that of the lists', URI.replace('SHA256:a', 'SHA256:b')],
    ['a size that is not that of the lists', URI.replace(' 42 ', ' 43 ')],
    ['an address without a SHA-256', URI.replace(/SHA256:\w+/, `SHA1:${'a'.repeat(40)}`)],
    ['a file that the lists do not know', URI.replace('curl_1', 'wget_1')],
    ['a line of another form', `E: ${URI}`],
  ])('does not count %s', (_, line) => expect(apt(line)).toEqual([]));

  it('does not count a package for which the lists have no SHA-256', () =>
    expect(apt(URI, KNOWN.replace(/SHA256.*\n/, ''))).toEqual([]));

  it('is asked for all stages, quoted', () => {
    const { script, root } = locateCommand({
      nonce,
      stages: [
        { stage: 1, packages: [{ name: 'curl', arch: 'amd64', version: '1:8.0-1' }] },
        { stage: 2, packages: [{ name: 'wget', arch: 'amd64', version: '1.2' }] },
      ],
    });
    expect(root).toBe(false);
    expect(script).toMatch(/fl_sec uris fl_uris .*curl.*wget/);
  });
});

describe('dnf', () => {
  it('tells address, size and hash; anything else in a line is not taken', () => {
    const at = { name: 'curl', arch: 'x86_64', version: '0:8.0-1', bytes: 42, sha256: HASH };
    const line = (more: object) => JSON.stringify({ t: 'at', ...at, ...more });
    const url = 'https://rpm.example/curl-8.0-1.x86_64.rpm';
    const text = [
      line({ url }),
      line({ url, sha256: null }),
      line({ url, bytes: -1 }),
      line({}),
      '{"t":"end"}',
    ];
    expect(good(parseDnf(said({ dnf: text.join('\n') }), { nonce }))).toEqual([{ ...at, url }]);
    expect(bad(parseDnf(said({ dnf: line({ url }) }), { nonce })).code).toBe('host.command-failed');
  });
});
