/** Gives the client, the changes and the connection to the components below. */
import { createContext, useContext } from 'react';
import type { Client } from '../../shared/contract/contract.ts';
import type { Changes } from './changes.ts';
import type { ConnectionStore } from './connection.ts';

export type Deps = { client: Client; changes: Changes; connection: ConnectionStore };

const Context = createContext<Deps | null>(null);
export const DepsProvider = Context.Provider;

export const useDeps = (): Deps => {
  const deps = useContext(Context);
  if (deps === null) throw new Error('outside of DepsProvider');
  return deps;
};

export const useClient = (): Client => useDeps().client;
