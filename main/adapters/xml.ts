/** XML (https://www.w3.org/TR/xml/) that a stranger may have made, read as it comes: UTF-8, no document type, so many levels. */
import { SaxesParser } from 'saxes';

/** `malformed`: `detail` has the parser's words, and with them the stranger's. `root`: its outermost element is another. */
export type XmlFault = 'malformed' | 'doctype' | 'encoding' | 'depth' | 'root';

export type XmlHandlers = {
  /** Name of the outermost element. */
  root: string;
  maxDepth: number;
  /** Has to throw. `line`: 1 for the first; 0 where lines are not counted. */
  refuse(fault: XmlFault, line: number, detail: string): never;
  /** Only where they are told: a large document is read sooner without. */
  countsLines: boolean;
  /** `at`: names from the root on, with slashes. */
  open(at: string, attributes: Record<string, string>): void;
  text(more: string): void;
  close(at: string): void;
};

/** Throws what `refuse` throws, and what the other handlers do. */
export const xmlReader = (handlers: XmlHandlers) => {
  const path: string[] = [];
  const parser = new SaxesParser({ xmlns: false, position: handlers.countsLines });
  const refuse = (fault: XmlFault, detail = ''): never =>
    handlers.refuse(fault, handlers.countsLines ? parser.line : 0, detail);
  parser.on('error', (error) => refuse('malformed', error.message));
  parser.on('doctype', () => refuse('doctype'));
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8') refuse('encoding');
  });
  parser.on('text', (more) => handlers.text(more));
  parser.on('opentag', ({ name, attributes }) => {
    path.push(name);
    if (path.length > handlers.maxDepth) refuse('depth');
    if (path.length === 1 && name !== handlers.root) refuse('root');
    handlers.open(path.join('/'), attributes);
  });
  parser.on('closetag', () => {
    handlers.close(path.join('/'));
    path.pop();
  });
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (piece?: Uint8Array): string => {
    try {
      return piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true });
    } catch {
      return refuse('encoding');
    }
  };
  return {
    /** 0 where lines are not counted. */
    line: (): number => (handlers.countsLines ? parser.line : 0),
    feed: (piece: Uint8Array): void => void parser.write(decode(piece)),
    end: (): void => {
      parser.write(decode());
      parser.close();
    },
  };
};
