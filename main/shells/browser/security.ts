/** What keeps the browser shell to its one user: pure decisions, so that tests can attack them one by one. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** No inline code or style, no network but our own socket, no frame around us. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const SECURITY_HEADERS: Record<string, string> = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=()',
  'Cache-Control': 'no-store',
};

const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/;

/** A rebound DNS name shows in the Host header; only loopback names pass. Any port does, for `ssh -L`. */
export const isAllowedHost = (headers: IncomingHttpHeaders): boolean => LOOPBACK.test(headers.host ?? '');

/** A WebSocket is not bound by the same-origin policy, so its Origin is: it must be the very page's. */
export const isAllowedOrigin = (headers: IncomingHttpHeaders): boolean =>
  headers.origin === `http://${headers.host}`;

const sameSecret = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());

/** A cookie is not bound to a port, so its name is. */
export const cookieName = (port: number): string => `frostline_${port}`;

export const readCookie = (headers: IncomingHttpHeaders, name: string): string | undefined =>
  (headers.cookie ?? '')
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${name}=`))
    ?.slice(name.length + 1);

/** One launch token, good once, exchanged for a session that lives as long as the server. */
export class LaunchGate {
  readonly #session: string;
  #token: string | null;

  constructor(token: string, session: string) {
    this.#token = token;
    this.#session = session;
  }

  /** The session secret for the right token, once; null for anything else. */
  exchange(token: string): string | null {
    if (this.#token === null || !sameSecret(token, this.#token)) return null;
    this.#token = null;
    return this.#session;
  }

  admits(session: string | undefined): boolean {
    return session !== undefined && sameSecret(session, this.#session);
  }
}
