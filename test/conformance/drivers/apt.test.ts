import { aptDriver } from '../../../main/core/drivers/apt/driver.ts';
import { recordedHost } from './recording.ts';
import { driverSuite } from './suite.ts';

driverSuite(
  aptDriver,
  recordedHost(new URL('../../fixtures/apt/debian12-lab.json', import.meta.url).pathname),
);
