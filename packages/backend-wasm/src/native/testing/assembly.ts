import asc from 'assemblyscript/asc';

/** Compiles AssemblyScript that works in a shared memory. */
export async function compileAssembly(source: string): Promise<WebAssembly.Module> {
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const { error } = await asc.main(
    [
      'test.ts',
      '--outFile=test.wasm',
      '--runtime=stub',
      '--importMemory',
      '--noExportMemory',
      '--enable=threads',
      '--sharedMemory',
      '--maximumMemory=65536',
    ],
    {
      readFile: (name) => (name === 'test.ts' ? source : null),
      writeFile: (_, contents) => {
        binary = Uint8Array.from(contents as Uint8Array);
      },
      listFiles: () => [],
    },
  );
  if (error !== null || binary === undefined) throw error ?? new Error('Nothing was compiled.');
  return WebAssembly.compile(binary);
}
