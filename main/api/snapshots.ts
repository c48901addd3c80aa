import type { Handlers } from '../../shared/contract/contract.ts';
import type { SnapshotService } from '../core/snapshots/service.ts';

type SnapshotNames = Extract<keyof Handlers, `snapshots.${string}`>;

export const snapshotHandlers = (snapshots: SnapshotService): Pick<Handlers, SnapshotNames> => ({
  'snapshots.list': snapshots.list,
  'snapshots.show': snapshots.show,
  'snapshots.history': snapshots.history,
  'snapshots.create': snapshots.create,
  'snapshots.edit': snapshots.edit,
  'snapshots.check': snapshots.check,
  'snapshots.verdicts': snapshots.verdicts,
  'snapshots.refresh': snapshots.refresh,
  'snapshots.previewRules': snapshots.previewRules,
  'snapshots.applyRules': snapshots.applyRules,
  'snapshots.restore': snapshots.restore,
  'snapshots.freeze': snapshots.freeze,
  'snapshots.thaw': snapshots.thaw,
  'snapshots.except': snapshots.except,
  'snapshots.withdraw': snapshots.withdraw,
  'snapshots.freezes': snapshots.freezes,
  'snapshots.diff': snapshots.diff,
  'snapshots.diffScan': snapshots.diffScan,
  'snapshots.export': snapshots.export,
  'snapshots.verify': snapshots.verify,
  'snapshots.import': snapshots.import,
  'snapshots.remove': snapshots.remove,
});
