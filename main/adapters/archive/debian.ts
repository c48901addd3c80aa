/**
 * An archive that speaks the machine-readable interface of snapshot.debian.org
 * (https://salsa.debian.org/snapshot-team/snapshot/-/blob/master/API): which files a binary package has in a version, by
 * SHA-1, and those files. Off unless the setting `archive.debian` holds its address. HTTPS only, but on this very machine.
 *
 * SHA-1 only says that the file is the one the archive named; whether it is the package a host has installed, the host decides.
 */
import { z } from 'zod';
import { type FrostError, fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { Archive, ArtefactKey } from '../../core/artefacts/ports.ts';
import type { SettingStore } from '../../core/ports.ts';

export const ARCHIVE_SETTING = 'archive.debian';

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const MAX_REDIRECTS = 3;
const DEFAULT_TIMEOUT_MS = 30_000;

const Binfiles = z.object({
  result: z.array(z.object({ hash: z.string(), architecture: z.string() })).max(1000),
  fileinfo: z
    .record(z.string(), z.array(z.object({ name: z.string(), size: z.int().min(1) })).max(1000))
    .optional(),
});

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Errors: `input.invalid`. The address as it is used, without a slash at its end. */
export const archiveAddress = (text: string): Result<string> => {
  const url = URL.parse(text);
  if (url === null || !['https:', 'http:'].includes(url.protocol))
    return fail('input.invalid', 'The address of an archive is an https: URL.');
  if (url.protocol !== 'https:' && !LOOPBACK.test(url.hostname))
    return fail('input.invalid', 'An archive is only asked over https, except on this machine.');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    return fail('input.invalid', 'The address of an archive holds no user, query or fragment.');
  return ok(`${url.origin}${url.pathname.replace(/\/+$/, '')}`);
};

const causeOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string')
    return cause.code;
  return cause instanceof Error ? cause.message.slice(0, 200) : 'unknown reason';
};

export const createDebianArchive = (o: {
  settings: SettingStore;
  /** Until an answer begins, and between two of its pieces. */
  timeoutMs?: number;
}): Archive => {
  const timeoutMs = o.timeoutMs ?? DEFAULT_TIMEOUT_MS;

  const address = (): Result<string> | undefined => {
    const text = o.settings.setting(ARCHIVE_SETTING);
    return text === undefined ? undefined : archiveAddress(text);
  };

  const trouble = (error: unknown, signal: AbortSignal): { ok: false; error: FrostError } => ({
    ok: false,
    error: signal.aborted
      ? frostError('cancelled', 'The archive was not asked to the end.')
      : frostError('host.repository', `the archive does not answer (${causeOf(error)})`),
  });

  /** Follows redirections by itself: each new address has to pass the same rule. */
  const get = async (start: string, signal: AbortSignal, headers: Record<string, string>) => {
    let url = start;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const response = await fetch(url, { redirect: 'manual', signal, headers });
      const location = response.headers.get('location');
      if (response.status < 300 || response.status > 399 || location === null) return ok(response);
      await response.body?.cancel();
      const next = URL.parse(location, url)?.href ?? '';
      const allowed = archiveAddress(next.replace(/[?#].*$/, ''));
      if (!allowed.ok) return fail('host.repository', 'the archive sends elsewhere, without https');
      url = next;
    }
    return fail('host.repository', 'the archive sends in circles');
  };

  /** The answer piece by piece, each within the time limit. `take` false ends it. */
  const stream = async (
    url: string,
    signal: AbortSignal,
    headers: Record<string, string>,
    take: (chunk: Uint8Array, from: number) => boolean,
  ): Promise<Result<{ status: number }>> => {
    const late = new AbortController();
    let timer = setTimeout(() => late.abort(), timeoutMs);
    try {
      const either = AbortSignal.any([signal, late.signal]);
      const response = await get(url, either, headers);
      if (!response.ok) return response;
      const { status, body } = response.value;
      // Where in the file the answer begins; a server that knows no ranges sends all of it.
      const range = /^bytes (\d{1,15})-/.exec(response.value.headers.get('content-range') ?? '')?.[1];
      const from = status === 206 ? Number(range ?? Number.NaN) : 0;
      if (status !== 200 && status !== 206) {
        await body?.cancel();
        return ok({ status });
      }
      const reader = body?.getReader();
      for (;;) {
        const piece = await reader?.read();
        if (piece === undefined || piece.done) return ok({ status });
        clearTimeout(timer);
        timer = setTimeout(() => late.abort(), timeoutMs);
        if (!take(piece.value, from)) {
          await reader?.cancel();
          return ok({ status });
        }
      }
    } catch (error) {
      return late.signal.aborted && !signal.aborted
        ? fail('host.repository', `the archive is silent for ${Math.ceil(timeoutMs / 1000)} s`)
        : trouble(error, signal);
    } finally {
      clearTimeout(timer);
    }
  };

  const fileOf = (key: ArtefactKey, text: string): Result<{ sha1: string; bytes: number } | undefined> => {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return fail('host.repository', 'the archive answers what is not JSON');
    }
    const parsed = Binfiles.safeParse(json);
    if (!parsed.success) return fail('host.repository', 'the archive answers in another form than it should');
    const found = parsed.data.result.find((file) => file.architecture === key.arch);
    if (found === undefined) return ok(undefined);
    const bytes = parsed.data.fileinfo?.[found.hash]?.[0]?.size;
    return /^[0-9a-f]{40}$/.test(found.hash) && bytes !== undefined
      ? ok({ sha1: found.hash, bytes })
      : fail('host.repository', 'the archive names no hash or size for it');
  };

  return {
    nameFor: (ecosystem) => {
      const base = ecosystem === 'apt' ? address() : undefined;
      if (base === undefined) return undefined;
      return base.ok ? (URL.parse(base.value)?.host ?? 'the archive') : 'the archive';
    },

    locate: async (key, signal) => {
      const base = address();
      if (base === undefined) return ok(undefined);
      if (!base.ok) return base;
      const path = `mr/binary/${encodeURIComponent(key.name)}/${encodeURIComponent(key.version)}/binfiles?fileinfo=1`;
      const pieces: Uint8Array[] = [];
      let bytes = 0;
      const answer = await stream(
        `${base.value}/${path}`,
        signal,
        { accept: 'application/json' },
        (piece) => {
          pieces.push(piece);
          bytes += piece.length;
          return bytes <= MAX_ANSWER_BYTES;
        },
      );
      if (!answer.ok) return answer;
      if (answer.value.status === 404) return ok(undefined);
      if (answer.value.status !== 200)
        return fail('host.repository', `the archive answers ${answer.value.status}`);
      if (bytes > MAX_ANSWER_BYTES) return fail('host.repository', 'the archive answers without end');
      const file = fileOf(key, Buffer.concat(pieces).toString('utf8'));
      return file.ok ? ok(file.value && { key, ...file.value }) : file;
    },

    fetch: async (found, offset, take, signal) => {
      const base = address();
      if (base === undefined) return fail('host.repository', 'No archive is set.');
      if (!base.ok) return base;
      /** Of what comes, this much is there already. */
      let skip: number | undefined;
      let left = found.bytes - offset;
      const headers: Record<string, string> = offset === 0 ? {} : { range: `bytes=${offset}-` };
      const answer = await stream(`${base.value}/file/${found.sha1}`, signal, headers, (piece, from) => {
        skip ??= offset - from;
        // Another part of the file than asked for.
        if (!(skip >= 0)) return false;
        const passed = Math.min(skip, piece.length);
        skip -= passed;
        const rest = piece.subarray(passed, passed + left);
        left -= rest.length;
        return rest.length === 0 ? left > 0 : take(rest) && left > 0;
      });
      if (!answer.ok) return answer;
      const { status } = answer.value;
      return status === 200 || status === 206
        ? ok(undefined)
        : fail('host.repository', `the archive answers ${status}`);
    },
  };
};
