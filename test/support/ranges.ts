/** A file over HTTP from whatever byte it is asked for (RFC 9110, 14). */
import type { RequestListener } from 'node:http';

export const rangesOf =
  (content: Buffer): RequestListener =>
  (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const headers =
      from === 0 ? {} : { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
    response.writeHead(from === 0 ? 200 : 206, headers).end(content.subarray(from));
  };
