/**
 * Who is at the other end of a loopback connection. Browsers send a cookie to every port of a host, so that a page of another
 * account's server on this machine may learn the session; it is of no use to that account, since its connections are not
 * taken. Linux tells (proc(5), /proc/net/tcp); elsewhere nothing is known and every connection counts as one's own.
 */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { userInfo } from 'node:os';

/** Hexadecimal, as the kernel writes ports. */
const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];

const readTable = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

export type Ends = { server: number; client: number };

/**
 * `tables`: of the kernel's TCP sockets. Root's are let in (`ssh -L` to another account than the console's goes through them);
 * a socket without an owner is one whose program is gone already and cannot be told whose it was.
 */
export const isOwnPeer = ({ server, client }: Ends, tables: string[], me: number): boolean => {
  const rows = tables
    .flatMap((table) => table.split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words.length > 9);
  const portOf = (address = '') => address.slice(address.lastIndexOf(':') + 1);
  const at = (local: number, remote: number) =>
    rows.find((words) => portOf(words[1]) === hex(local) && portOf(words[2]) === hex(remote));
  // Where our own end is not in it, the table tells nothing.
  if (at(server, client) === undefined) return true;
  const [, , , , , , , uid, , inode] = at(client, server) ?? [];
  return inode !== undefined && inode !== '0' && (Number(uid) === me || uid === '0');
};

export const isOwnConnection = (socket: Socket): boolean => {
  const { localPort: server, remotePort: client } = socket;
  if (process.platform !== 'linux' || server === undefined || client === undefined) return true;
  return isOwnPeer({ server, client }, TABLES.map(readTable), userInfo().uid);
};
