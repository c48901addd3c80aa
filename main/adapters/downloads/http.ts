/**
 * Files from addresses that a host named, over http and https (RFC 9110; ranges: its section 14). The address is hostile: no
 * credentials go with a request, proxies of the environment are not used, certificates are checked (by Node's authorities,
 * NODE_EXTRA_CA_CERTS and those this machine trusts, where a company has its own), and this machine itself
 * and link-local addresses (where clouds keep secrets) are not asked. They are checked where the name is resolved for the very
 * connection, so that a name cannot mean one address while it is checked and another afterwards.
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import type { IncomingMessage } from 'node:http';
import type { Agent } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { createSecureContext, getCACertificates } from 'node:tls';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import { addressOf } from '../../core/bundles/address.ts';
import type { Downloads } from '../../core/bundles/ports.ts';
import { systemCodeOf } from '../fileWords.ts';

const MAX_REDIRECTS = 3;
const DEFAULT_TIMEOUT_MS = 30_000;
/** Less of an answer than this within the time limit counts as none: a server that drips would hold the download for days. */
const LEAST_BYTES = 16 * 1024;

const own = new BlockList();
own.addSubnet('0.0.0.0', 8);
own.addSubnet('127.0.0.0', 8);
own.addSubnet('169.254.0.0', 16);
own.addAddress('::', 'ipv6');
own.addAddress('::1', 'ipv6');
own.addSubnet('fe80::', 10, 'ipv6');
own.addAddress('fd00:ec2::254', 'ipv6');

/** This machine itself, or its link alone. IPv4 in IPv6 counts as the IPv4 it is. */
export const isOwnAddress = (address: string): boolean =>
  isIP(address) === 0 || own.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

const codeOf = (error: unknown): string =>
  systemCodeOf(error) ?? (error instanceof Error ? error.message.slice(0, 200) : 'unknown reason');

/** What is wrong with a server's certificate, by the code of OpenSSL or Node; undefined: the code is about something else. */
const certificateFault = (code: string): string | undefined => {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'shows the certificate of another server';
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return `shows a certificate that is not valid at this time (${code})`;
  return /^(CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_|ERR_TLS_CERT_)/.test(code)
    ? `shows a certificate that this machine does not trust (${code})`
    : undefined;
};

type Fault = 'host.repository' | 'not-available' | 'not-found';
const trouble = (what: string, code: Fault = 'host.repository') => fail(code, `the repository ${what}`);

/** Where in the file an answer begins; a server that knows no ranges sends all of it. What is not the file announced is not begun with. */
const beginOf = (
  { statusCode: status, headers }: IncomingMessage,
  { offset, bytes }: { offset: number; bytes: number },
): Result<number> => {
  if (status !== 200 && status !== 206) {
    const later = status === undefined || status >= 500 || status === 408 || status === 429;
    return trouble(`answers ${status}`, later ? 'host.repository' : 'not-found');
  }
  const range = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(headers['content-range'] ?? '');
  const size = status === 200 ? headers['content-length'] : range?.[2];
  if (size !== undefined && size !== '*' && size !== String(bytes))
    return trouble(`has a file of ${size.slice(0, 20)} bytes there, not of ${bytes}`, 'not-found');
  const begin = status === 200 ? 0 : Number(range?.[1] ?? Number.NaN);
  return begin <= offset ? ok(begin) : trouble('sends another part of the file than asked for', 'not-found');
};

export const createHttpDownloads = (
  o: {
    /** Until an answer begins, and for every 16 KiB of it. */
    timeoutMs?: number;
    refuses?: (address: string) => boolean;
    /** Certificate authorities (PEM) in the place of those this machine and Node trust. */
    authorities?: string[];
  } = {},
): Downloads => {
  const timeoutMs = o.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const refuses = o.refuses ?? isOwnAddress;

  const lookup: LookupFunction = (name, options, done) =>
    systemLookup(name, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) return done(error, '', 0);
      const allowed = found.filter(({ address }) => !refuses(address));
      const [first] = allowed;
      if (first === undefined) return done(new Error('its address is this machine'), '', 0);
      if (options.all === true) done(null, allowed);
      else done(null, first.address, first.family);
    });

  let trust: Agent | undefined;
  /** Made at the first https address: reading what a machine trusts takes a while. */
  const trusting = (https: typeof import('node:https')): Agent => {
    trust ??= new https.Agent({
      secureContext: createSecureContext({
        ca: o.authorities ?? [...new Set([...getCACertificates('default'), ...getCACertificates('system')])],
      }),
      // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
      rejectUnauthorized: true,
      maxCachedSessions: 0,
    });
    return trust;
  };

  const ask = async (url: URL, offset: number, signal: AbortSignal): Promise<IncomingMessage> => {
    const headers = {
      'accept-encoding': 'identity',
      ...(offset === 0 ? {} : { range: `bytes=${offset}-` }),
    };
    // Both are read when they are needed: to load them is a tenth of what a host process takes to start.
    const https = url.protocol === 'https:' ? await import('node:https') : undefined;
    const { request } = https ?? (await import('node:http'));
    const agent = https === undefined ? false : trusting(https);
    return new Promise((resolve, reject) => {
      request(url, { headers, lookup, signal, agent }, resolve).on('error', reject).end();
    });
  };

  /** Follows redirections by itself: each new address has to pass the same rules, and https stays https. */
  const follow = async (
    start: URL,
    offset: number,
    contact: (origin: string) => void,
    signal: AbortSignal,
  ): Promise<Result<IncomingMessage>> => {
    let url = start;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      // A name is looked at where it is resolved; an address is not resolved.
      const bare = url.hostname.replace(/^\[|\]$/g, '');
      if (isIP(bare) !== 0 && refuses(bare))
        return trouble('names an address of this machine itself', 'not-available');
      contact(url.origin);
      const answer = await ask(url, offset, signal);
      const { location } = answer.headers;
      const status = answer.statusCode ?? 0;
      if (status < 300 || status > 399 || location === undefined) return ok(answer);
      answer.destroy();
      const next = addressOf(URL.parse(location, url.href)?.href ?? '');
      if (next === undefined || (url.protocol === 'https:' && next.protocol !== 'https:'))
        return trouble('sends to an address that is not followed', 'not-available');
      url = next;
    }
    return trouble('sends in circles', 'not-available');
  };

  return {
    fetch: async ({ url, offset, bytes }, take, contact, signal) => {
      const address = addressOf(url);
      if (address === undefined) return trouble('has an address that is not fetched from', 'not-available');
      const late = new AbortController();
      let timer = setTimeout(() => late.abort(), timeoutMs);
      const again = (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => late.abort(), timeoutMs);
      };
      /** Bytes since the time limit began anew. */
      let came = 0;
      try {
        const either = AbortSignal.any([signal, late.signal]);
        const answer = await follow(address, offset, contact, either);
        if (!answer.ok) return answer;
        const begin = beginOf(answer.value, { offset, bytes });
        if (!begin.ok) {
          answer.value.destroy();
          return begin;
        }
        let skip = offset - begin.value;
        let left = bytes - offset;
        again();
        for await (const piece of answer.value as AsyncIterable<Uint8Array>) {
          came += piece.length;
          if (came >= LEAST_BYTES) {
            came = 0;
            again();
          }
          const passed = Math.min(skip, piece.length);
          skip -= passed;
          const rest = piece.subarray(passed, passed + left);
          left -= rest.length;
          if (rest.length > 0 && !take(rest)) break;
          if (left === 0) break;
        }
        return ok(undefined);
      } catch (error) {
        if (signal.aborted) return fail('cancelled', 'The download was cancelled.');
        const seconds = Math.ceil(timeoutMs / 1000);
        if (late.signal.aborted)
          return trouble(
            came === 0 ? `is silent for ${seconds} s` : `sends next to nothing for ${seconds} s`,
          );
        const code = codeOf(error);
        // Another time it will have no address either, as a name that only the hosts know.
        if (code === 'ENOTFOUND') return trouble('has no address here (ENOTFOUND)', 'not-available');
        const fault = certificateFault(code);
        return fault === undefined ? trouble(`does not answer (${code})`) : trouble(fault, 'not-available');
      } finally {
        clearTimeout(timer);
      }
    },
  };
};
