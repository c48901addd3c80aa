/** A TCP proxy that delivers everything late: what a satellite link or a line through three continents feels like. */
import { connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export type Proxy = { readonly address: string; readonly port: number; close(): Promise<void> };

/** Bytes arrive `ms` after they were sent, in order and at full rate. */
const late = (from: Socket, to: Duplex, ms: number): void => {
  from.on('data', (chunk: Buffer) => setTimeout(() => to.writable && to.write(chunk), ms));
  from.once('end', () => setTimeout(() => to.end(), ms));
  from.once('close', () => setTimeout(() => to.destroy(), ms));
  from.on('error', () => {});
};

/** `roundTripMs`: half of it each way. */
export const delayingProxy = async (
  target: { address: string; port: number },
  roundTripMs: number,
): Promise<Proxy> => {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const host = connect(target.port, target.address);
    for (const socket of [client, host]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    late(client, host, roundTripMs / 2);
    late(host, client, roundTripMs / 2);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the proxy has no port');
  return {
    address: '127.0.0.1',
    port: bound.port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
};
