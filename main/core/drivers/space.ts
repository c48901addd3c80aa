/** Bytes a transaction needs, held against what the host's mounts have free. Pure. */
import type { SpaceNeed } from '../../../shared/model/plan.ts';
import type { Mounts } from './facts.ts';

/** `needs`: bytes by path, summed per mount, each with `margin` beside; those of nothing are passed over. */
export function freeSpace(
  mounts: Mounts,
  margin: number,
  needs: readonly (readonly [path: string, bytes: number])[],
): Pick<SpaceNeed, 'available' | 'short'> {
  const byMount = new Map<string, { mount: Mounts['list'][number]; needed: number }>();
  for (const [path, bytes] of needs) {
    const mount = mounts.of(path) ?? mounts.of('/');
    if (!mount || bytes <= 0) continue;
    const known = byMount.get(mount.target) ?? { mount, needed: margin };
    byMount.set(mount.target, { mount, needed: known.needed + bytes });
  }
  const concerned = [...byMount.values()];
  return {
    available: Math.min(
      ...(concerned.length > 0 ? concerned.map(({ mount }) => mount) : mounts.list).map(
        (m) => m.availableBytes,
      ),
      Number.MAX_SAFE_INTEGER,
    ),
    short: concerned
      .filter(({ mount, needed }) => mount.availableBytes < needed)
      .map(({ mount, needed }) => ({ target: mount.target, needed, available: mount.availableBytes })),
  };
}
