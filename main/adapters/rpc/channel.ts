/** What carries frames: whole JSON texts, both ways, in order. A local socket, a WebSocket, a MessagePort or a pair in a test. */
export interface Channel {
  send(text: string): void;
  /** Set once, before anything can arrive. */
  onFrame(receive: (text: string) => void): void;
  onClose(closed: () => void): void;
  close(): void;
  /** Resolves when what was sent has mostly left; lets a fast stream wait for a slow reader. */
  drained(): Promise<void>;
}
