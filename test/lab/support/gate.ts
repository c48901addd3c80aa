/**
 * Gates in the scripts of the lab's packages. A script that comes to a closed one stands still until it is opened, however busy the
 * machine is: what a test does meanwhile happens in the middle of the package for certain, and no longer than it takes.
 */
import type { LabHost } from '../fleet/host.ts';
import { GATE, SLOW_SECONDS_FILE } from '../fleet/shapes.ts';

/** Every script on the host that comes here waits. A restart of the host opens all gates. */
export const closeGate = async (host: LabHost, gate: string): Promise<void> => {
  await host.output(`mkfifo ${GATE}${gate}`);
};

/** Waits until a script has come to a closed gate. */
export const reachedGate = async (host: LabHost, gate: string): Promise<void> => {
  await host.output(`until [ -e ${GATE}${gate}.reached ]; do sleep 0.05; done`, { timeoutMs: 60_000 });
};

/** Lets the script through that waits, and all that come later. Nothing happens where the gate is open. */
export const openGate = async (host: LabHost, gate: string): Promise<void> => {
  const open = `${GATE}${gate}.open`;
  // It stays open for writing for a moment: whoever found it closed may only now come to open it for reading.
  await host.output(
    `[ ! -p ${GATE}${gate} ] || { mv ${GATE}${gate} ${open}; { echo >&3; sleep 1 >/dev/null 2>&1 & } 3<> ${open}; }`,
  );
};

/** lab-slow stops at this step, and takes no time besides. */
export const holdSlow = async (host: LabHost, step = 1): Promise<void> => {
  await host.output(`echo 0 > ${SLOW_SECONDS_FILE}`);
  await closeGate(host, String(step));
};

/** lab-slow goes on from this step. */
export const letSlowGo = (host: LabHost, step = 1): Promise<void> => openGate(host, String(step));
