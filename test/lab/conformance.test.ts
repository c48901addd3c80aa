/** The suites that every driver and every transport must pass, against real hosts: their sshd, sudo, apt and dpkg. */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe } from 'vitest';
import { createSshTransport } from '../../main/adapters/ssh/transport.ts';
import { drivers } from '../../main/core/drivers/registry.ts';
import type { Route, Transport, TrustStore } from '../../main/core/ports.ts';
import type { Host } from '../../shared/model/host.ts';
import { driverSuite, must } from '../conformance/drivers/suite.ts';
import { transportSuite } from '../conformance/transport/suite.ts';
import { createMemoryVault } from '../support/memoryVault.ts';
import { type Fleet, startFleet } from './fleet/fleet.ts';
import type { LabHost } from './fleet/host.ts';
import { SLOW_SECONDS_FILE } from './fleet/shapes.ts';
import { describeLab } from './support/outside.ts';

const AT = '2026-11-23T14:00:00.000Z';

/** The fleet's keys are trusted, and no other. */
const trustIn = (fleet: Fleet): TrustStore => ({
  trustedKeys: (address, port) =>
    fleet.hosts
      .filter((host) => host.address === address && host.port === port)
      .map(({ hostKey }) => ({
        address,
        port,
        keyType: hostKey.type,
        publicKey: hostKey.blob,
        fingerprint: hostKey.fingerprint,
        addedAt: AT,
      })),
  addTrustedKey: () => {},
  removeTrustedKeys: () => {},
});

describeLab('conformance on real hosts', () => {
  let fleet: Fleet;
  let transport: Transport;

  beforeAll(async () => {
    fleet = await startFleet({ hosts: 3, systemd: 1, dnf: 2, dnfSystemd: 1, zypper: 2, zypperSystemd: 1 });
    transport = createSshTransport({
      trust: trustIn(fleet),
      vault: createMemoryVault(),
      userKnownHostsFiles: [],
      log: { write: () => {} },
    });
    await Promise.all(fleet.hosts.map((host) => host.output(`echo 0 > ${SLOW_SECONDS_FILE}`)));
  });
  afterAll(async () => {
    transport?.release();
    await fleet?.stop();
  });

  const ids = new Map<string, string>();
  const described = (lab: LabHost): Host => {
    const id = ids.get(lab.name) ?? randomUUID();
    ids.set(lab.name, id);
    return {
      id,
      name: lab.name,
      address: lab.address,
      port: lab.port,
      user: 'admin',
      transport: 'ssh',
      auth: { kind: 'key', keyFile: fleet.keys.client },
      sudo: 'nopasswd',
      tags: {},
      legacyAlgorithms: false,
      createdAt: AT,
      updatedAt: AT,
    };
  };
  const routeTo = (name: string): Route => ({ host: described(fleet.host(name)), via: [] });

  transportSuite('over SSH to a lab host', async () => ({
    transport,
    route: routeTo('h01'),
    jumpRoute: { ...routeTo('h01'), via: [described(fleet.host('h02'))] },
    // The fleet outlives the suite.
    close: async () => {},
  }));

  const wantedOf = {
    apt: [
      { name: 'lab-plain', version: '1.1', stage: 1 },
      { name: 'lab-app', version: '2.0', stage: 1 },
      { name: 'lab-conf', version: '1.1', stage: 1 },
      { name: 'lab-mail', version: '2.0', stage: 2 },
      { name: 'lab-slow', version: '1.1', stage: 2 },
      { name: 'lab-service', version: '1.1', stage: 3 },
    ],
    // Besides what the other has: a version with an epoch, and kernels, of which the old one stays.
    dnf: [
      { name: 'lab-plain', version: '1.1-1', stage: 1 },
      { name: 'lab-app', version: '2.0-1', stage: 1 },
      { name: 'lab-conf', version: '1.1-1', stage: 1 },
      { name: 'lab-epoch', version: '1:2.0-1', stage: 1 },
      { name: 'lab-mail', version: '2.0-1', stage: 2 },
      { name: 'lab-slow', version: '1.1-1', stage: 2 },
      { name: 'lab-kernel', version: '2.0-1', stage: 2 },
      { name: 'lab-service', version: '1.1-1', stage: 3 },
    ],
    zypper: [
      { name: 'lab-plain', version: '1.1-1', stage: 1 },
      { name: 'lab-app', version: '2.0-1', stage: 1 },
      { name: 'lab-conf', version: '1.1-1', stage: 1 },
      { name: 'lab-epoch', version: '1:2.0-1', stage: 1 },
      { name: 'lab-mail', version: '2.0-1', stage: 2 },
      { name: 'lab-slow', version: '1.1-1', stage: 2 },
      { name: 'kernel-default', version: '5.14.21-150500.55.36.1', stage: 2 },
      { name: 'lab-service', version: '1.1-1', stage: 3 },
    ],
  } as const;

  describe.each([
    ['apt', 'without an init of its own', 'h02'],
    ['apt', 'with real systemd', 'h03'],
    ['dnf', 'without an init of its own', 'r01'],
    ['dnf', 'with real systemd', 'r02'],
    ['zypper', 'without an init of its own', 'z01'],
    ['zypper', 'with real systemd', 'z02'],
  ] as const)('a host of %s %s', (manager, what, name) => {
    driverSuite(drivers[manager], {
      name: `a lab host ${what}`,
      nonce: () => randomBytes(16).toString('hex'),
      exec: async (_, spec) => must(await transport.run(routeTo(name), spec)),
      wanted: [...wantedOf[manager]],
      mutation: { token: `conformance-${name}` },
    });
  });
});
