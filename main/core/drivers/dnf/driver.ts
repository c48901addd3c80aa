/** dnf 4 and rpm: RHEL 8 and 9 and their relatives, where `yum` is dnf's other name. Puts the modules beside it together. */
import { removeJobs } from '../../jobs/job.ts';
import { compareCapture } from '../compare.ts';
import type { PackageDriver } from '../driver.ts';
import { parseGuard } from '../guard.ts';
import { metadataIn } from '../rpm/metadata.ts';
import { judging, readProgress } from '../rpm/progress.ts';
import { artefactFile } from '../rpm/rows.ts';
import { compareRpmVersions } from '../rpm/version.ts';
import { selectEntries } from '../select.ts';
import { captureCommand, parseCapture, parseVerify, verifyCommand } from './capture.ts';
import { guardCommand, guardStateOf, unguardCommand } from './guard.ts';
import { historyCommand, parseHistory } from './history.ts';
import { applyJob, rollbackJob } from './jobs.ts';
import { locateCommand, parseLocations } from './locate.ts';
import { parseScan, scanCommand } from './scan.ts';
import { parseSimulation, simulateCommand } from './simulation.ts';
import { parseStage, stageCommand } from './stage.ts';

export const dnfDriver: PackageDriver = {
  id: 'dnf',
  capabilities: { rollback: true, securityClassification: true, stages: true },
  scan: scanCommand,
  parseScan,
  select: (entries, installed) =>
    selectEntries(entries, installed, { ecosystem: 'dnf', anyArch: 'noarch', compare: compareRpmVersions }),
  simulate: simulateCommand,
  parseSimulation,
  capture: captureCommand,
  parseCapture,
  artefactFile,
  packageSuffix: 'rpm',
  artefactPlaces: ['/var/cache/dnf/*/packages'],
  stage: stageCommand,
  parseStage,
  locate: locateCommand,
  parseLocations,
  metadata: metadataIn('/var/cache/dnf'),
  applyJob,
  rollbackJob,
  progress: readProgress,
  judgeJob: judging({ manager: 'dnf', clean: 'dnf clean packages', install: 'dnf downgrade ./FILE.rpm' }),
  verify: verifyCommand,
  parseVerify,
  compare: compareCapture,
  cleanUp: removeJobs,
  guard: guardCommand,
  unguard: unguardCommand,
  guardState: guardStateOf,
  parseGuard,
  history: historyCommand,
  parseHistory,
  compareVersions: compareRpmVersions,
};
