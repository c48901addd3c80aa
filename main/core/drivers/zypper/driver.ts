/** zypper and rpm: openSUSE Leap, SLES 15 and their relatives. Puts the modules beside it together. */
import { removeJobs } from '../../jobs/job.ts';
import { compareCapture } from '../compare.ts';
import type { PackageDriver } from '../driver.ts';
import { parseGuard } from '../guard.ts';
import { metadataIn } from '../rpm/metadata.ts';
import { judging, readProgress } from '../rpm/progress.ts';
import { artefactFile } from '../rpm/rows.ts';
import { compareRpmVersions } from '../rpm/version.ts';
import { selectEntries } from '../select.ts';
import { applyJob } from './applyJob.ts';
import { captureCommand, parseCapture, parseVerify, verifyCommand } from './capture.ts';
import { guardCommand, guardStateOf, unguardCommand } from './guard.ts';
import { historyCommand, parseHistory } from './history.ts';
import { locateCommand, parseLocations } from './locate.ts';
import { rollbackJob } from './rollbackJob.ts';
import { parseScan, scanCommand } from './scan.ts';
import { parseSimulation, simulateCommand } from './simulation.ts';
import { parseStage, stageCommand } from './stage.ts';

export const zypperDriver: PackageDriver = {
  id: 'zypper',
  capabilities: { rollback: true, securityClassification: true, stages: true },
  scan: scanCommand,
  parseScan,
  select: (entries, installed) =>
    selectEntries(entries, installed, {
      ecosystem: 'zypper',
      anyArch: 'noarch',
      compare: compareRpmVersions,
    }),
  simulate: simulateCommand,
  parseSimulation,
  capture: captureCommand,
  parseCapture,
  artefactFile,
  packageSuffix: 'rpm',
  artefactPlaces: ['/var/cache/zypp/packages/*', '/var/cache/zypp/packages/*/*'],
  stage: stageCommand,
  parseStage,
  locate: locateCommand,
  parseLocations,
  metadata: metadataIn('/var/cache/zypp/raw'),
  applyJob,
  rollbackJob,
  progress: readProgress,
  judgeJob: judging({
    manager: 'zypper',
    clean: 'zypper clean',
    install: 'zypper install --oldpackage ./FILE.rpm',
  }),
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
