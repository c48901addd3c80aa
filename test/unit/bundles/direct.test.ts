/** Making a bundle whose new packages the console fetches itself. Hosts and repositories are played; disk and pool are real. */
import { describe, expect, it } from 'vitest';
import { good } from '../snapshots/support.ts';
import { bundleOf, connected, WEB, withSnapshot } from './played.ts';
import { caller, sha256 } from './support.ts';

describe('making a bundle over the console’s own connection', () => {
  const LIBNEW = 'http://deb.example/libnew_1.0_amd64.deb';
  const OPENSSL = 'https://sec.example:8443/openssl_3.0.15_amd64.deb';
  const directly = (made: ReturnType<typeof connected>) =>
    made.bundles.make(
      { ref: 'autumn', hosts: ['web'], file: made.file('a.frost.tar'), direct: true },
      caller,
    );
  const viaOf = (bundle: { packages: { name: string; role: string; via: string }[] }) =>
    bundle.packages.map(({ name, role, via }) => `${name} ${role} ${via}`);
  const located = { 'libnew_1.0_amd64.deb': LIBNEW, 'openssl_3.0.15_amd64.deb': OPENSSL };

  it('fetches new packages itself, and says from which servers', async () => {
    const made = await withSnapshot(connected({ web: { ...WEB, located } }));
    Object.assign(made.served, { [LIBNEW]: 'libnew', [OPENSSL]: 'openssl, new' });
    const bundle = good(await directly(made));
    expect(viaOf(bundle)).toEqual(['libnew new direct', 'openssl rollback host', 'openssl new direct']);
    expect(bundle.origins).toEqual(['http://deb.example', 'https://sec.example:8443']);
    expect(made.log).not.toContain('web stage');
    expect(viaOf(good(await directly(made)))[0]).toBe('libnew new pool');
  });

  it('has the host fetch what it cannot have, or what is not what the lists say', async () => {
    const made = await withSnapshot(connected({ web: { ...WEB, located } }));
    made.clock.wait = async () => true;
    Object.assign(made.served, { [LIBNEW]: 'evil !' });
    const bundle = good(await directly(made));
    expect(bundle.missing).toEqual([]);
    expect(viaOf(bundle)).toEqual(['libnew new host', 'openssl rollback host', 'openssl new host']);
    expect(bundle.packages[0]?.sha256).toBe(sha256('libnew'));
    expect(made.ports.artefacts.list().map((one) => one.bytes)).toHaveLength(3);
  });

  it.each([
    'file:///etc/shadow',
    'cdrom:[Debian]/a.deb',
    'mirror+http://m.example/a',
    'http://a:b@c.example/a',
  ])('does not ask %s', async (url) => {
    const made = await withSnapshot(connected({ web: { ...WEB, located: { 'libnew_1.0_amd64.deb': url } } }));
    const bundle = good(await directly(made));
    expect(bundle.origins).toEqual([]);
    expect(made.log.filter((line) => line.startsWith('fetch'))).toEqual([]);
    expect(viaOf(bundle)[0]).toBe('libnew new host');
  });

  it('asks nobody where it was not told to', async () => {
    const made = await withSnapshot(connected({ web: { ...WEB, located } }));
    expect(good(await bundleOf(made)).origins).toEqual([]);
    expect(made.log).not.toContain('web locate');
    expect(made.log.filter((line) => line.startsWith('fetch'))).toEqual([]);
  });

  it('goes on where a connection was lost', async () => {
    const made = await withSnapshot(connected({ web: { ...WEB, located } }));
    Object.assign(made.served, { [LIBNEW]: 'libnew', [OPENSSL]: 'openssl, new' });
    made.clock.wait = async () => true;
    made.state.cut = 5;
    good(await directly(made));
    expect(made.log.filter((line) => line.startsWith('fetch'))).toEqual([
      `fetch ${OPENSSL} from 0`,
      `fetch ${OPENSSL} from 5`,
      `fetch ${OPENSSL} from 10`,
      `fetch ${LIBNEW} from 0`,
      `fetch ${LIBNEW} from 5`,
    ]);
  });
});
