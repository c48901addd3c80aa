/** The page needs no exception from its content security policy: nothing inline, and no library that adds a style element. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..', '..', 'renderer');
const sources = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? sources(join(folder, entry.name))
      : /\.tsx?$/.test(entry.name)
        ? [join(folder, entry.name)]
        : [],
  );

test('index.html has its policy and nothing inline', () => {
  const html = readFileSync(join(root, 'index.html'), 'utf8');
  expect(html).toContain("default-src 'none'");
  expect(html).not.toContain('unsafe-inline');
  expect(html).not.toMatch(/<style|style="|\son\w+=|<script(?![^>]*\ssrc=)/);
  expect(html).not.toMatch(/https?:\/\//);
});

test.each([
  ['sonner adds a style element', /from 'sonner'/],
  ['Radix’s overlays lock scrolling by one', /\b(Radix|Dialog|AlertDialog)\.Overlay\b/],
  ['Radix’s select and scroll area add one', /import \{[^}]*\b(Select|ScrollArea)\b[^}]*\} from 'radix-ui'/],
  ['markup out of strings', /dangerouslySetInnerHTML|\.innerHTML/],
])('%s', (_why, pattern) => {
  expect(sources(root).filter((file) => pattern.test(readFileSync(file, 'utf8')))).toEqual([]);
});

test('the network is reached from the transport only', () => {
  const reaching = sources(root).filter((file) =>
    /\bfetch\(|new WebSocket\(|XMLHttpRequest|EventSource/.test(readFileSync(file, 'utf8')),
  );
  expect(reaching.map((file) => file.slice(root.length + 1))).toEqual([
    join('transport', 'webSocketClient.ts'),
  ]);
});
