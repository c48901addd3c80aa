/** Ctrl-C: the newest of those who want to know is told, and only once; when nobody is left, it ends the process as ever. */
const listeners: (() => void)[] = [];

const onSignal = () => {
  const tell = listeners.pop();
  if (listeners.length === 0) process.removeListener('SIGINT', onSignal);
  tell?.();
};

/** For work that lets nobody be told, such as waiting for a pipe's other end: Ctrl-C ends the process at once. */
export const interruptible = <T>(work: () => T): T => {
  process.removeListener('SIGINT', onSignal);
  try {
    return work();
  } finally {
    if (listeners.length > 0) process.on('SIGINT', onSignal);
  }
};

/** Gives what takes it back. */
export const onInterrupt = (tell: () => void): (() => void) => {
  if (listeners.length === 0) process.on('SIGINT', onSignal);
  listeners.push(tell);
  return () => {
    const at = listeners.lastIndexOf(tell);
    if (at < 0) return;
    listeners.splice(at, 1);
    if (listeners.length === 0) process.removeListener('SIGINT', onSignal);
  };
};
