/**
 * Files from addresses that a host named, over http and https (RFC 9110; ranges: its section 14). The address is hostile: no
 * credentials go with a request, proxies of the environment are not used, certificates are checked, and this machine itself
 * and link-local addresses (where clouds keep secrets) are not asked. They are checked where the name is resolved for the very
 * connection, so that a name cannot mean one address while it is checked and another afterwards.
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import { addressOf } from '../../core/bundles/address.ts';
import type { Downloads } from '../../core/bundles/ports.ts';

const MAX_REDIRECTS = 3;
const DEFAULT_TIMEOUT_MS = 30_000;

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
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : error instanceof Error
      ? error.message.slice(0, 200)
      : 'unknown reason';

const trouble = (what: string) => fail('host.repository', `the repository ${what}`);

export const createHttpDownloads = (
  o: {
    /** Until an answer begins, and between two of its pieces. */
    timeoutMs?: number;
    refuses?: (address: string) => boolean;
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

  const ask = (url: URL, offset: number, signal: AbortSignal) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const headers = {
        'accept-encoding': 'identity',
        ...(offset === 0 ? {} : { range: `bytes=${offset}-` }),
      };
      start(url, { headers, lookup, signal, agent: false }, resolve).on('error', reject).end();
    });

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
      if (isIP(bare) !== 0 && refuses(bare)) return trouble('names an address of this machine itself');
      contact(url.origin);
      const answer = await ask(url, offset, signal);
      const { location } = answer.headers;
      const status = answer.statusCode ?? 0;
      if (status < 300 || status > 399 || location === undefined) return ok(answer);
      answer.destroy();
      const next = addressOf(URL.parse(location, url.href)?.href ?? '');
      if (next === undefined || (url.protocol === 'https:' && next.protocol !== 'https:'))
        return trouble('sends to an address that is not followed');
      url = next;
    }
    return trouble('sends in circles');
  };

  return {
    fetch: async ({ url, offset, bytes }, take, contact, signal) => {
      const address = addressOf(url);
      if (address === undefined) return trouble('has an address that is not fetched from');
      const late = new AbortController();
      let timer = setTimeout(() => late.abort(), timeoutMs);
      try {
        const either = AbortSignal.any([signal, late.signal]);
        const answer = await follow(address, offset, contact, either);
        if (!answer.ok) return answer;
        const { statusCode: status, headers } = answer.value;
        if (status !== 200 && status !== 206) {
          answer.value.destroy();
          return trouble(`answers ${status}`);
        }
        // Where in the file the answer begins; a server that knows no ranges sends all of it.
        const range = /^bytes (\d{1,15})-/.exec(headers['content-range'] ?? '')?.[1];
        let skip = offset - (status === 206 ? Number(range ?? Number.NaN) : 0);
        let left = bytes - offset;
        if (!(skip >= 0)) {
          answer.value.destroy();
          return trouble('sends another part of the file than asked for');
        }
        for await (const piece of answer.value as AsyncIterable<Uint8Array>) {
          clearTimeout(timer);
          timer = setTimeout(() => late.abort(), timeoutMs);
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
        return trouble(
          late.signal.aborted
            ? `is silent for ${Math.ceil(timeoutMs / 1000)} s`
            : `does not answer (${codeOf(error)})`,
        );
      } finally {
        clearTimeout(timer);
      }
    },
  };
};
