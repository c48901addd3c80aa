/** The house's dependency direction (docs/architecture.md): renderer → shared ← core ← adapters ← api/host ← shells. Walks every import. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..', '..', '..');

const sources = (folder: string): string[] =>
  !existsSync(folder)
    ? []
    : readdirSync(folder).flatMap((name) => {
        const path = join(folder, name);
        if (statSync(path).isDirectory()) return sources(path);
        return /\.tsx?$/.test(name) ? [path] : [];
      });

/** Static and dynamic imports, re-exports and type imports. Comments are taken out first. */
const importsOf = (text: string): string[] => {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const patterns = [
    /(?:^|[\s;])(?:import|export)\s[^'"`;()]*?from\s*['"]([^'"]+)['"]/g,
    /(?:^|[\s;])import\s*['"]([^'"]+)['"]/g,
    /(?:^|[^\w.'"])import\s*\(\s*['"]([^'"]+)['"]/g,
  ];
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ''));
};

type Layer = 'shared' | 'core' | 'adapters' | 'api' | 'host' | 'shells' | 'renderer' | 'preload';

const layerOf = (path: string): Layer => {
  const [top, second] = relative(ROOT, path).split(sep);
  if (top === 'shared' || top === 'renderer' || top === 'preload') return top;
  if (top === 'main' && second === 'host.ts') return 'host';
  if (
    top === 'main' &&
    (second === 'core' || second === 'adapters' || second === 'api' || second === 'shells')
  )
    return second;
  throw new Error(`${path} belongs to no layer`);
};

const MAY_IMPORT: Record<Layer, Layer[]> = {
  shared: ['shared'],
  core: ['shared', 'core'],
  adapters: ['shared', 'core', 'adapters'],
  api: ['shared', 'core', 'adapters', 'api'],
  host: ['shared', 'core', 'adapters', 'api', 'host'],
  // Shells carry frames; of the core they may use pure helpers (times as people write them), of the host only its start.
  shells: ['shared', 'core', 'adapters', 'host', 'shells'],
  renderer: ['shared', 'renderer'],
  preload: ['shared', 'preload'],
};

/** Packages a layer may use; everything else, Node's own modules included, is refused. `null`: any. */
const PACKAGES: Record<Layer, RegExp | null> = {
  shared: /^zod$/,
  // Pure libraries only: none of these touches a file, a socket or a process.
  core: /^(zod|temporal-polyfill|yaml|ical\.js)$/,
  adapters: null,
  api: /^zod$/,
  host: /^node:/,
  shells: null,
  renderer: /^(?!node:|electron|ssh2|better-sqlite3|ws$|pino|commander)/,
  preload: /^(electron|zod)$/,
};

const files = ['shared', 'main', 'renderer', 'preload'].flatMap((folder) => sources(join(ROOT, folder)));
const edges = files.flatMap((from) =>
  importsOf(readFileSync(from, 'utf8')).map((specifier) => ({ from, specifier })),
);
const isLocal = (specifier: string) => specifier.startsWith('.');
const target = (from: string, specifier: string) => resolve(dirname(from), specifier.replace(/\?.*$/, ''));
const show = (path: string) => relative(ROOT, path);

describe('the dependency direction', () => {
  it('sees the code it judges', () => {
    expect(files.length).toBeGreaterThan(60);
    expect(edges.length).toBeGreaterThan(200);
  });

  it('has every local import lead to a file that is there', () => {
    const broken = edges.filter(
      ({ from, specifier }) => isLocal(specifier) && !existsSync(target(from, specifier)),
    );
    expect(broken.map(({ from, specifier }) => `${show(from)} → ${specifier}`)).toEqual([]);
  });

  it('lets each layer import only what lies beneath it', () => {
    const violations = edges
      .filter(({ specifier }) => isLocal(specifier) && /\.tsx?$/.test(specifier))
      .filter(({ from, specifier }) => !MAY_IMPORT[layerOf(from)].includes(layerOf(target(from, specifier))));
    expect(violations.map(({ from, specifier }) => `${show(from)} → ${specifier}`)).toEqual([]);
  });

  it('keeps packages and Node itself out of the layers that must run anywhere', () => {
    const violations = edges
      .filter(({ specifier }) => !isLocal(specifier))
      .filter(({ from, specifier }) => PACKAGES[layerOf(from)]?.test(specifier) === false);
    expect(violations.map(({ from, specifier }) => `${show(from)} → ${specifier}`)).toEqual([]);
  });

  it('has no cycle', () => {
    const graph = new Map<string, string[]>();
    for (const { from, specifier } of edges) {
      if (isLocal(specifier)) graph.set(from, [...(graph.get(from) ?? []), target(from, specifier)]);
    }
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (file: string, trail: string[]) => {
      if (state.get(file) === 'done') return;
      if (state.get(file) === 'open') {
        cycles.push([...trail.slice(trail.indexOf(file)), file].map(show).join(' → '));
        return;
      }
      state.set(file, 'open');
      for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
      state.set(file, 'done');
    };
    for (const file of graph.keys()) visit(file, []);
    expect(cycles).toEqual([]);
  });
});

describe('the size of files', () => {
  /** A file over the limit says why in its head comment, with these words. */
  const LIMIT = 400;
  it('stays under about 400 lines, or says why not', () => {
    const tests = sources(join(ROOT, 'test'));
    const long = [...files, ...tests].filter((file) => {
      const text = readFileSync(file, 'utf8');
      return (
        text.split('\n').length > LIMIT + 20 && !/longer than|one piece because/i.test(text.slice(0, 1500))
      );
    });
    expect(long.map(show)).toEqual([]);
  });
});
