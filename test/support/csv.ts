/** A reader of CSV as RFC 4180 has it, strict: the other side of what reports write. Throws where a line is not well-formed. */
export const csvRows = (text: string): string[][] => {
  const rows: string[][] = [];
  let at = 0;
  while (at < text.length) {
    const row: string[] = [];
    for (;;) {
      const quoted = /^"((?:[^"]|"")*)"/.exec(text.slice(at));
      const cell = quoted ?? /^[^",\r\n]*/.exec(text.slice(at));
      if (cell === null) throw new Error(`no cell at ${at}`);
      row.push(quoted === null ? cell[0] : (quoted[1] ?? '').replaceAll('""', '"'));
      at += cell[0].length;
      if (text[at] !== ',') break;
      at += 1;
    }
    if (text.slice(at, at + 2) !== '\r\n')
      throw new Error(`no line end at ${at}: ${text.slice(at, at + 20)}`);
    at += 2;
    rows.push(row);
  }
  return rows;
};
