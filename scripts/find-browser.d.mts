/** A Chromium on this machine: the one that `CHROMIUM` names, an installed one, or Playwright's own; else undefined. */
export function findBrowser(): string | undefined;
