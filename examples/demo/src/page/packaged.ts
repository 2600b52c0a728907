/**
 * The bytes of a model that the page brings along.
 *
 * @throws {Error} in words for people, if the server does not have it.
 */
export async function fetchPackaged(file: string): Promise<Uint8Array> {
  const response = await fetch(file).catch(() => undefined);
  if (response?.ok !== true) {
    const why = response === undefined ? 'there is no connection' : `the server answered ${response.status}`;
    throw new Error(`${file} could not be loaded: ${why}. Reload the page.`);
  }
  return new Uint8Array(await response.arrayBuffer());
}
