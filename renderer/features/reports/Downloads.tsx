/** Saves a report as a file: made by the host process, put together here. */
import { Download } from 'lucide-react';
import { useState } from 'react';
import { FrostFault, frostError } from '../../../shared/errors.ts';
import type { ReportFileFormat } from '../../../shared/model/report.ts';
import { useClient } from '../../transport/client.tsx';
import { Button } from '../../ui/Button.tsx';
import { toast, toastError } from '../../ui/Toast.tsx';
import type { Request } from './useReport.ts';

const TYPES = { json: 'application/json', csv: 'text/csv', html: 'text/html' };

export const saveBlob = (parts: string[], type: string, name: string): void => {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
  toast({ tone: 'good', title: `Saved as ${name}` });
};

export const Downloads = ({ request, name }: { request: Request; name: string }) => {
  const client = useClient();
  const [busy, setBusy] = useState<ReportFileFormat>();
  const save = async (format: ReportFileFormat) => {
    setBusy(format);
    try {
      const parts: string[] = [];
      for await (const { text } of client.stream('reports.write', { report: request, format }))
        parts.push(text);
      const at = new Date().toISOString().slice(0, 10);
      saveBlob(parts, TYPES[format], `${name.replaceAll(' ', '-')}-${at}.${format}`);
    } catch (thrown) {
      toastError(
        'The report was not saved',
        thrown instanceof FrostFault ? thrown.error : frostError('internal', 'The report could not be made.'),
      );
    } finally {
      setBusy(undefined);
    }
  };
  return (
    <fieldset className="group row">
      <legend className="visually-hidden">Save the report</legend>
      {(['html', 'csv', 'json'] as const).map((format) => (
        <Button
          key={format}
          size="sm"
          icon={<Download size={14} aria-hidden />}
          busy={busy === format}
          onClick={() => void save(format)}
        >
          {format.toUpperCase()}
        </Button>
      ))}
    </fieldset>
  );
};
