import type { Handlers } from '../../shared/contract/contract.ts';
import { ok } from '../../shared/errors.ts';
import { ARCHIVE_SETTING, archiveAddress } from '../adapters/archive/debian.ts';
import type { ArtefactService } from '../core/artefacts/service.ts';
import type { SettingStore } from '../core/ports.ts';

type ArtefactNames = Extract<keyof Handlers, `artefacts.${string}`>;

export const artefactHandlers = (
  service: ArtefactService,
  settings: SettingStore,
): Pick<Handlers, ArtefactNames> => ({
  'artefacts.list': () => ok({ ...service.list(), archive: settings.setting(ARCHIVE_SETTING) ?? null }),
  'artefacts.prune': () => service.prune(),
  'artefacts.limits': (input) => ok(service.limits(input)),
  'artefacts.archive': ({ address }) => {
    const checked = address === null ? ok(null) : archiveAddress(address);
    if (!checked.ok) return checked;
    settings.putSetting(ARCHIVE_SETTING, checked.value);
    return ok({ archive: checked.value });
  },
});
