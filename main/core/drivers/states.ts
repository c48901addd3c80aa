/** A package's state in dpkg's two letters, as a capture keeps it; every other manager's well installed packages are `ii`. */

/** Files are on the disk, in whatever state. */
export const isPresent = (row: { state: string }): boolean => /^.[HUFWti]/.test(row.state);

/** Half-installed, unpacked, half-configured, or in need of reinstallation. Waiting for triggers is not broken. */
export const isBroken = (state: string): boolean => /^.[HUF]/.test(state) || state.endsWith('R');
