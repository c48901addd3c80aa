import type { Channel } from '../../main/adapters/rpc/channel.ts';

/** Two ends of one channel in one process. Delivery is asynchronous, as on a real one. */
export const channelPair = (): [Channel, Channel] => {
  const ends = [makeEnd(), makeEnd()] as const;
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    queueMicrotask(() => {
      for (const end of ends) for (const closed of end.closed) closed();
    });
  };
  const channel = (mine: End, theirs: End): Channel => ({
    send: (text) => {
      if (open) queueMicrotask(() => open && theirs.receive(text));
    },
    onFrame: (receive) => {
      mine.receive = receive;
    },
    onClose: (closed) => {
      mine.closed.push(closed);
    },
    close,
    drained: async () => {},
  });
  return [channel(ends[0], ends[1]), channel(ends[1], ends[0])];
};

type End = { receive: (text: string) => void; closed: (() => void)[] };
const makeEnd = (): End => ({ receive: () => {}, closed: [] });
