/**
 * What goes over a local socket, a WebSocket or an Electron port: JSON frames, both ways. Each carrier delivers whole frames;
 * on the local socket a frame is one line.
 */
import { z } from 'zod';
import { FrostError } from '../errors.ts';

/** No frame is larger than this many bytes; an import of the largest exchange file fits. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024;

export const ClientFrame = z.discriminatedUnion('t', [
  z.object({ t: z.literal('call'), id: z.int().min(1), name: z.string().max(100), input: z.unknown() }),
  z.object({ t: z.literal('stream'), id: z.int().min(1), name: z.string().max(100), input: z.unknown() }),
  z.object({ t: z.literal('cancel'), id: z.int().min(1) }),
  z.object({ t: z.literal('hello'), actor: z.string().max(100), token: z.string().max(200).optional() }),
]);
export type ClientFrame = z.infer<typeof ClientFrame>;

export const HostFrame = z.discriminatedUnion('t', [
  z.object({ t: z.literal('result'), id: z.int(), value: z.unknown() }),
  z.object({ t: z.literal('error'), id: z.int(), error: FrostError }),
  z.object({ t: z.literal('item'), id: z.int(), value: z.unknown() }),
  z.object({ t: z.literal('end'), id: z.int() }),
]);
export type HostFrame = z.infer<typeof HostFrame>;
