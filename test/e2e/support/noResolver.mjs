/**
 * Read first by every process of a console under test: the demo's repositories have names that nobody knows, and no resolver of the
 * machine's is asked to say so, which may take it long.
 */
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';

const { lookup } = dns;
dns.lookup = (name, options, done = options) => {
  if (!name.endsWith('.demo')) return lookup(name, options, done);
  const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), {
    code: 'ENOTFOUND',
    hostname: name,
  });
  process.nextTick(done, error);
};
syncBuiltinESMExports();
