import { type ModelName, modelUrl } from '@sshn/zoo';

/** The file name of a model that the page brings along. */
export function packagedName(name: ModelName): string {
  return `${name}.safetensors`;
}

/**
 * The bytes of a model that the page brings along.
 *
 * @throws {Error} in words for people, if the server does not have it.
 */
export async function fetchPackaged(name: ModelName): Promise<Uint8Array> {
  const response = await fetch(modelUrl(name)).catch(() => undefined);
  if (response?.ok !== true) {
    const why = response === undefined ? 'there is no connection' : `the server answered ${response.status}`;
    throw new Error(`${packagedName(name)} could not be loaded: ${why}. Reload the page.`);
  }
  return new Uint8Array(await response.arrayBuffer());
}
