import { z } from 'zod';
import type { SettingStore } from '../../core/ports.ts';
import type { Db } from './db.ts';

export const settingStore = (db: Db): SettingStore => ({
  setting: (key) =>
    db.get(z.object({ value: z.string() }), 'SELECT value FROM settings WHERE key = ?', key)?.value,
  putSetting: (key, value) => {
    if (value === null) db.run('DELETE FROM settings WHERE key = ?', key);
    else
      db.run(
        'INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
        key,
        value,
      );
  },
});
