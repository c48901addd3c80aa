/** Fetches one file with what this process was started to trust, and says how that went. Argument: address; bytes: 6. */
import { createHttpDownloads } from '../../../main/adapters/downloads/http.ts';

const got = await createHttpDownloads({ refuses: () => false }).fetch(
  { url: process.argv[2] ?? '', offset: 0, bytes: 6 },
  (chunk) => process.stdout.write(chunk),
  () => undefined,
  new AbortController().signal,
);
if (!got.ok) process.stdout.write(got.error.message);
