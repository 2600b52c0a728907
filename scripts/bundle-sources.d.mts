export function bundleSources(entries: Readonly<Record<string, string>>, home: string): Promise<string>;
export const serveWorker: string;
export function bundleCommand(): Promise<string>;
