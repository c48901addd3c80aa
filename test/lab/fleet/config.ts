import { join } from 'node:path';

/** What every lab fleet has in common: places, users, addresses. All secrets here are throw-away ones for loopback hosts. */

/** Where images, leases and running fleets live. Outside the repository, so that a checkout stays clean and the image survives it. */
const usualDir = '/var/tmp/frostline-lab';
export const labDir = process.env.FROSTLINE_LAB_DIR ?? usualDir;

export const imagesDir = join(labDir, 'images');
/** One set for the whole machine, wherever the lab's folder is: addresses and network names are the machine's. */
export const locksDir = join(usualDir, 'locks');
export const fleetsDir = join(labDir, 'fleets');

export const SSH_PORT = 2222;

/**
 * The repository answers on 127.0.<block>.254 at this port. It is fixed, not ephemeral, because apt derives the names of its
 * list files from the URL: with one URL for every fleet the lists can live in the read-only profile layer.
 */
export const REPOSITORY_PORT = 18_480;
export const REPOSITORY_HOST = 'repo.lab';
export const REPOSITORY_URL = `http://${REPOSITORY_HOST}:${REPOSITORY_PORT}/debian`;
export const RPM_REPOSITORY_URL = `http://${REPOSITORY_HOST}:${REPOSITORY_PORT}/rpm`;

export const MAX_HOSTS = 250;

/** 127.0.<block>.<index>, index from 1. The whole of 127/8 is loopback on Linux: no interface has to be set up. */
export const hostAddress = (block: number, index: number): string => `127.0.${block}.${index}`;
export const repositoryAddress = (block: number): string => `127.0.${block}.254`;

export interface LabUser {
  readonly name: string;
  /** Whether `keys.client` and `keys.protected` log in as this user. */
  readonly key: boolean;
  /** The login password, and what sudo asks for. Absent: no password login. */
  readonly password?: string;
  readonly sudo: 'root' | 'nopasswd' | 'password' | 'none';
}

export const users = {
  root: { name: 'root', key: true, sudo: 'root' },
  admin: { name: 'admin', key: true, sudo: 'nopasswd' },
  asker: { name: 'asker', key: true, password: 'asker pass-word §1', sudo: 'password' },
  plain: { name: 'plain', key: true, password: 'plain-pass-2', sudo: 'none' },
} as const satisfies Record<string, LabUser>;

export const KEY_PASSPHRASE = 'correct horse battery';
