/** The page around a report: no script, no address, nothing fetched; readable without colour, on paper, in light and dark. */

/**
 * Text as text: markup characters as entities, and no control or format characters (they turn the direction of a line
 * around, or hide a part of it).
 */
export const escapeHtml = (text: string): string =>
  text
    .replace(/[\p{Cf}\p{Cs}\p{Co}]|[^\P{Cc}\t\n]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

/** Markup, as opposed to text: whatever is put into a page is one or the other. */
export type Html = { html: string };
export const raw = (html: string): Html => ({ html });
export type Content = string | number | null | undefined | Html;

export const show = (content: Content): string =>
  content === null || content === undefined || content === ''
    ? '–'
    : typeof content === 'object'
      ? content.html
      : escapeHtml(String(content));

const STYLE = `
:root { color-scheme: light dark; --fg: #1b2430; --soft: #55606e; --line: #c8d0d9; --head: #eef2f6; --bg: #fff; --bad: #a3180d; --warn: #7a4b00; --good: #0a5c2e; }
@media (prefers-color-scheme: dark) { :root { --fg: #e6ebf1; --soft: #a7b2bf; --line: #3b4653; --head: #222b36; --bg: #141a21; --bad: #ff9d94; --warn: #f0bd6b; --good: #7fd6a1; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 78rem; background: var(--bg); color: var(--fg); font: 0.95rem/1.45 system-ui, sans-serif; }
h1 { margin: 0 0 0.25rem; font-size: 1.6rem; }
h2 { margin: 2rem 0 0.5rem; font-size: 1.2rem; }
p { margin: 0.25rem 0; }
.soft { color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1rem; margin: 1rem 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 1rem; }
caption { text-align: left; font-weight: 600; padding: 0.3rem 0; }
th, td { border: 1px solid var(--line); padding: 0.3rem 0.5rem; text-align: left; vertical-align: top; overflow-wrap: break-word; }
thead th { background: var(--head); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
code { font-family: ui-monospace, monospace; font-size: 0.88em; overflow-wrap: anywhere; }
.word { font-weight: 600; white-space: nowrap; }
.bad { color: var(--bad); } .warn { color: var(--warn); } .good { color: var(--good); }
.box { border: 2px solid var(--line); padding: 0.6rem 0.9rem; margin: 1rem 0; }
.box.bad { border-color: var(--bad); color: inherit; } .box.warn { border-color: var(--warn); color: inherit; }
@media print {
  :root { --fg: #000; --soft: #333; --line: #888; --head: #eee; --bg: #fff; --bad: #000; --warn: #000; --good: #000; }
  @page { size: landscape; margin: 12mm; }
  body { padding: 0; max-width: none; font-size: 8pt; }
  th, td { padding: 0.15rem 0.3rem; }
  thead { display: table-header-group; }
  tr, dl, .box { break-inside: avoid; }
  h2, caption { break-after: avoid; }
  .scroll { overflow: visible; }
}
`;

export const pageHead = (title: string): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
`;

export const pageFoot = (text: string): string =>
  `<p class="soft">${escapeHtml(text)}</p>\n</main>\n</body>\n</html>\n`;

export const facts = (pairs: [string, Content][]): string =>
  `<dl>${pairs.map(([term, value]) => `<dt>${escapeHtml(term)}</dt><dd>${show(value)}</dd>`).join('')}</dl>\n`;

export type Column = { title: string; number?: boolean };

/** The first cell of a row is its heading. `none`: what is said where there is no row. */
export const tableHead = (caption: string, columns: Column[]): string =>
  `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(caption)}"><table><caption>${escapeHtml(caption)}</caption><thead><tr>${columns
    .map(({ title, number }) => `<th scope="col"${number ? ' class="n"' : ''}>${escapeHtml(title)}</th>`)
    .join('')}</tr></thead><tbody>\n`;
export const tableRow = (columns: Column[], cells: Content[]): string =>
  `<tr>${cells
    .map((cell, i) => {
      const shown = show(cell);
      if (i === 0) return `<th scope="row">${shown}</th>`;
      return columns[i]?.number ? `<td class="n">${shown}</td>` : `<td>${shown}</td>`;
    })
    .join('')}</tr>\n`;
export const TABLE_FOOT = '</tbody></table></div>\n';

export const table = (caption: string, columns: Column[], rows: Content[][], none: string): string =>
  rows.length === 0
    ? `<p><strong>${escapeHtml(caption)}:</strong> ${escapeHtml(none)}</p>\n`
    : `${tableHead(caption, columns)}${rows.map((cells) => tableRow(columns, cells)).join('')}${TABLE_FOOT}`;

export const code = (text: string): Html => raw(`<code>${escapeHtml(text)}</code>`);

/** A word with a sign: the sign and the word say it, the colour only repeats it. */
export const word = (tone: 'bad' | 'warn' | 'good' | 'plain', text: string): Html => {
  const sign = { bad: '✕', warn: '!', good: '✓', plain: '·' }[tone];
  return raw(`<span class="word ${tone}"><span aria-hidden="true">${sign} </span>${escapeHtml(text)}</span>`);
};
