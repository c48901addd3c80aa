import { dnfDriver } from '../../../main/core/drivers/dnf/driver.ts';
import { recordedHost } from './recording.ts';
import { driverSuite } from './suite.ts';

driverSuite(dnfDriver, recordedHost(new URL('../../fixtures/dnf/el9-lab.json', import.meta.url).pathname));
