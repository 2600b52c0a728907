import type { Engine } from './engines.js';

/** What an engine cannot do, by case, and why: these are not run there, and the README of @sshn/core says so. */
export const known: Partial<Record<Engine, Readonly<Record<string, string>>>> = {};
