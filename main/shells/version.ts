import manifest from '../../package.json' with { type: 'json' };

export const VERSION: string = manifest.version;

declare const __FROSTLINE_BUILD__: string | undefined;

/** Names this build; a host process of another build may speak another contract. Filled in by the build. */
export const BUILD: string =
  typeof __FROSTLINE_BUILD__ === 'string' ? __FROSTLINE_BUILD__ : `source-${VERSION}`;
