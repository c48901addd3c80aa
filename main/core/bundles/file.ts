/** A bundle file, open for as long as something is done with it. */
import type { Result } from '../../../shared/errors.ts';
import type { BundleFiles, BundleSource } from './ports.ts';

export const withFile = async <T>(
  bundles: Pick<BundleFiles, 'open'>,
  path: string,
  work: (source: BundleSource) => Promise<Result<T>>,
): Promise<Result<T>> => {
  const opened = await bundles.open(path);
  if (!opened.ok) return opened;
  try {
    return await work(opened.value);
  } finally {
    await opened.value.close();
  }
};
