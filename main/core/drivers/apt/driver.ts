/** apt and dpkg: Debian and its relatives. Puts the modules beside it together; what is known of apt is in their heads. */
import { removeJobs } from '../../jobs/job.ts';
import { compareCapture } from '../compare.ts';
import type { PackageDriver } from '../driver.ts';
import { parseGuard } from '../guard.ts';
import { selectEntries } from '../select.ts';
import { applyJob } from './applyJob.ts';
import { artefactFile, captureCommand, parseCapture, parseVerify, verifyCommand } from './capture.ts';
import { guardCommand, guardStateOf, unguardCommand } from './guard.ts';
import { historyCommand, parseHistory } from './history.ts';
import { locateCommand, parseLocations } from './locate.ts';
import { metadataOf } from './metadata.ts';
import { judgeJob, readProgress } from './progress.ts';
import { rollbackJob } from './rollbackJob.ts';
import { parseScan } from './scan.ts';
import { scanCommand } from './scanScript.ts';
import { simulateCommand } from './simulate.ts';
import { parseSimulation } from './simulation.ts';
import { parseStage, stageCommand } from './stage.ts';
import { compareDebianVersions } from './version.ts';

export const aptDriver: PackageDriver = {
  id: 'apt',
  capabilities: { rollback: true, securityClassification: true, stages: true },
  scan: scanCommand,
  parseScan,
  select: (entries, installed) =>
    selectEntries(entries, installed, { ecosystem: 'apt', anyArch: 'all', compare: compareDebianVersions }),
  simulate: simulateCommand,
  parseSimulation,
  capture: captureCommand,
  parseCapture,
  artefactFile,
  packageSuffix: 'deb',
  artefactPlaces: ['/var/cache/apt/archives'],
  stage: stageCommand,
  parseStage,
  locate: locateCommand,
  parseLocations,
  metadata: metadataOf,
  applyJob,
  rollbackJob,
  progress: readProgress,
  judgeJob,
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
  compareVersions: compareDebianVersions,
};
