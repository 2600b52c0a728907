import manifest from '../package.json' with { type: 'json' };

/** The version of this package, for provenance. */
export const version: string = manifest.version;
