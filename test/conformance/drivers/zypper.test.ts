import { zypperDriver } from '../../../main/core/drivers/zypper/driver.ts';
import { recordedHost } from './recording.ts';
import { driverSuite } from './suite.ts';

driverSuite(
  zypperDriver,
  recordedHost(new URL('../../fixtures/zypper/leap-lab.json', import.meta.url).pathname),
);
