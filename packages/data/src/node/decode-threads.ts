import { type Decoders, decodersHere } from '../folder/decoders.js';
import { volumeFormat } from '../volumes/read.js';
import { startWorkers, type Workers } from './workers.js';

/** Files with fewer bytes are decoded sooner than they are sent to a thread. */
const leastBytes = 2 ** 14;

/** So many bytes of files are decoded before threads are started: until then that takes less time than to start them. */
const bytesBeforeThreads = 2 ** 22;

/** Threads without work are ended after this time, and started again for the next. */
const restMs = 5000;

type Name = keyof Decoders;

/** A call of a decoder, without `onWarning`. */
interface Call {
  readonly name: Name;
  readonly args: readonly unknown[];
}

/** What it returned, and the warnings that it gave. */
interface Outcome<Of extends Name> {
  readonly result: Awaited<ReturnType<Decoders[Of]>>;
  readonly warnings: readonly string[];
}

/**
 * Decoders that decode in so many worker threads, to the same results.
 *
 * Threads are started when there is work that pays, and ended when there is none. What they cannot do (an error, a thread that
 * died, a bundle) is done on this thread, which throws as it does without threads: therefore files are copied to threads; pixels
 * come back without a copy.
 */
export function decodersInThreads(threads: number): Decoders {
  let workers: Workers<Call, Outcome<Name>> | undefined;
  let seen = 0;
  let pending = 0;
  let rest: NodeJS.Timeout | undefined;
  /** Undefined where it is to be done here. */
  const inThread = async <Of extends Name>(
    name: Of,
    bytes: number,
    args: Parameters<Decoders[Of]>,
  ): Promise<Outcome<Of> | undefined> => {
    if (threads === 0 || bytes < leastBytes) return undefined;
    seen += bytes;
    if (seen < bytesBeforeThreads) return undefined;
    workers ??= startWorkers(threads, { program, ended: 'internal: threads were ended at work' });
    clearTimeout(rest);
    pending++;
    try {
      return (await workers.ask({ name, args })) as Outcome<Of> | undefined;
    } finally {
      if (--pending === 0) {
        rest = setTimeout(() => {
          workers?.dispose();
          workers = undefined;
        }, restMs).unref();
      }
    }
  };
  return {
    decodeImage: async (...args) =>
      (await inThread('decodeImage', args[0].length, args))?.result ?? decodersHere.decodeImage(...args),
    decodeLabels: async (...args) =>
      (await inThread('decodeLabels', args[0].length, args))?.result ?? decodersHere.decodeLabels(...args),
    decodeVolume: async (...args) => {
      const [bytes] = args;
      // Of an uncompressed one the voxels are copied, and so they would be to send it.
      const isPlain = volumeFormat(bytes) === 'nifti' && bytes[0] !== 0x1f;
      const outcome = isPlain ? undefined : await inThread('decodeVolume', bytes.length, args);
      return outcome?.result ?? decodersHere.decodeVolume(...args);
    },
    decodeDicom: async (files, { onWarning, ...options } = {}) => {
      const bytes = files.reduce((sum, { bytes: { length } }) => sum + length, 0);
      const outcome = await inThread('decodeDicom', bytes, [files, options]);
      for (const warning of outcome?.warnings ?? []) onWarning?.(warning);
      return (
        outcome?.result ??
        decodersHere.decodeDicom(files, { ...options, ...(onWarning === undefined ? {} : { onWarning }) })
      );
    },
  };
}

/** Warnings come back beside the result: a function cannot be sent to a thread. */
const program = `(decoders) => async ({ name, args }) => {
  const warnings = [];
  const warned = { onWarning: (warning) => warnings.push(warning) };
  const all = name === 'decodeDicom' ? [args[0], { ...args[1], ...warned }] : args;
  return { result: await decoders[name](...all), warnings };
}`;
