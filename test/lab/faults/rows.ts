/** All rows of the fault matrix. */
import type { Row } from './matrix.ts';
import { accessRows } from './rows/access.ts';
import { diskRows } from './rows/disk.ts';
import { hostRows } from './rows/host.ts';
import { lockRows } from './rows/locks.ts';
import { networkRows } from './rows/network.ts';
import { packageRows } from './rows/packages.ts';
import { repositoryRows } from './rows/repository.ts';
import { restartRows } from './rows/restarts.ts';
import { surroundingRows } from './rows/surroundings.ts';

export const rows: readonly Row[] = [
  ...networkRows,
  ...hostRows,
  ...diskRows,
  ...lockRows,
  ...repositoryRows,
  ...packageRows,
  ...accessRows,
  ...surroundingRows,
  ...restartRows,
];
