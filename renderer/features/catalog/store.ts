/** Advisory data that was imported; the catalogue's answers are asked for by the pages themselves. */
import { createStore } from 'zustand/vanilla';
import { ADVISORY_PIECE_BYTES, MAX_ADVISORY_BYTES } from '../../../shared/contract/advisories.ts';
import { fail, type Result } from '../../../shared/errors.ts';
import type { AdvisoryImport } from '../../../shared/model/advisory.ts';
import { featureStore } from '../../app/featureStore.ts';
import { coalesce, type Loadable, loaded, loading, refreshing } from '../../app/loadable.ts';

export type AdvisoryData = { imports: readonly AdvisoryImport[]; advisories: number };
export type AdvisoriesState = {
  data: Loadable<AdvisoryData>;
  reload: () => Promise<void>;
  /** Sends the file in pieces; `progress` from 0 to 1. */
  importFile: (file: File, progress: (share: number) => void) => Promise<Result<AdvisoryImport>>;
};

const base64 = (bytes: Uint8Array): string => {
  let text = '';
  // Spreading a whole piece would be more arguments than a call may have.
  for (let at = 0; at < bytes.length; at += 0x8000)
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
};

export const useAdvisories = featureStore<AdvisoriesState>(({ client, changes }) => {
  const importFile: AdvisoriesState['importFile'] = async (file, progress) => {
    if (file.size > MAX_ADVISORY_BYTES)
      return fail('input.too-large', `${file.name} is larger than ${MAX_ADVISORY_BYTES / 1024 / 1024} MiB.`);
    if (file.size === 0) return fail('input.invalid', `${file.name} is empty.`);
    const fileName = file.name.slice(0, 255);
    const begun = await client.call('advisories.begin', { fileName, bytes: file.size });
    if (!begun.ok) return begun;
    const { upload } = begun.value;
    for (let offset = 0; offset < file.size; offset += ADVISORY_PIECE_BYTES) {
      const piece = await file.slice(offset, offset + ADVISORY_PIECE_BYTES).arrayBuffer();
      const put = await client.call('advisories.put', {
        upload,
        offset,
        data: base64(new Uint8Array(piece)),
      });
      if (!put.ok) return put;
      progress(put.value.received / file.size);
    }
    const done = await client.call('advisories.finish', { upload, fileName });
    return done.ok ? { ok: true, value: done.value.import } : done;
  };
  const store = createStore<AdvisoriesState>(() => ({ data: loading, reload: () => read(), importFile }));
  const read = coalesce(async () => {
    store.setState((state) => ({ data: refreshing(state.data) }));
    const result = await client.call('advisories.list', {});
    store.setState((state) => ({ data: loaded(result, state.data) }));
  });
  changes.on((change) => {
    if (change.type === 'advisories' || change.type === 'reset') void read();
  });
  void read();
  return store;
});
