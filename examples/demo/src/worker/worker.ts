import { FileError, ValueError } from '@sshn/core';
import { generatePhantoms, type Image, type Volume } from '@sshn/data';
import { startBackend } from './backend.js';
import { nameOf, openFiles, sliceStack } from './open-file.js';
import type { BackendName, Picture, SliceAxis } from './protocol.js';
import { rasterOf } from './raster.js';
import { registrationRun } from './registration/run.js';
import { type Port, serve } from './serve.js';
import { Session } from './session.js';
import { trainingRun } from './training-run.js';
import { generatedVolume, VolumeDesk, volumeIn } from './volumes.js';

/** How many generated images there are to leaf through. */
const generatedCount = 1000;
/** Not that of the packaged model's training images. */
const generatedSeed = 7;

/** What is open in this Worker. */
let running: BackendName | undefined;
let session: Session | undefined;
let shown: { image: Image; truth: Uint8Array | undefined } | undefined;
const volumes = new VolumeDesk((image, truth) => {
  shown = { image, truth };
  session?.show(image, truth);
});
let volume: { volume: Volume; name: string } | undefined;

serve(
  {
    start: async ({ backend }) => {
      // Weights live on a backend: they are read again on the next one, or on the old one where that does not start.
      const [open, before] = [session, running];
      session = undefined;
      open?.dispose();
      try {
        const status = await startBackend(backend);
        running = status.backend;
        return status;
      } catch (error) {
        if (before !== undefined) await startBackend(before);
        throw error;
      } finally {
        if (open !== undefined) openSession(open.bytes, open.name, open.rank);
      }
    },
    openModel: async ({ bytes, name, rank }) => openSession(bytes, name, rank).summary,
    generate: async ({ kind, number }) => {
      const size = session?.summary.size ?? [64, 64];
      const dataset = generatePhantoms({ kind, count: generatedCount, size, seed: generatedSeed });
      const { image, labels } = await dataset.load(dataset.ids[number % generatedCount]!);
      const names = session?.summary.labels.map((label) => label.name).join();
      volume = undefined;
      return show(
        `Generated ${kind} ${number}`,
        image,
        names === dataset.labelNames.join() ? labels.values : undefined,
      );
    },
    openPicture: async ({ files }) => {
      const opened = await openFiles(files);
      const name = nameOf(files);
      if (opened.kind === 'volume') {
        volume = { volume: opened.volume, name };
        return showSlice('axial', undefined);
      }
      volume = undefined;
      return show(name, opened.image, undefined);
    },
    slice: async ({ axis, index }) => showSlice(axis, index),
    segment: ({ factor }) => current().segment(factor),
    segmentFrame: (frame) => current().segmentFrame(frame),
    generateVolume: async ({ number }) => volumes.show(await generatedVolume(number)),
    openVolume: async ({ files }) => volumes.show(await volumeIn(files)),
    segmentVolume: async ({ factor }) => volumes.onShownGrid(await current().segment(factor)),
    calibrate: (_, { report, signal }) => current().calibrate(report, signal),
    saveModel: ({ factor }) => current().save(factor),
    train: trainingRun,
    register: registrationRun,
  },
  // Typed as a page's, where this is a Worker's.
  self as unknown as Port,
);

function current(): Session {
  if (session === undefined) throw new ValueError({ where: 'model', got: 'none', expected: 'an open one' });
  return session;
}

/** Opens a model; the one that was open stays where this fails. */
function openSession(bytes: Uint8Array, name: string, rank: 2 | 3): Session {
  const opened = new Session(bytes, name, rank);
  session?.dispose();
  session = opened;
  if (shown !== undefined) opened.show(shown.image, shown.truth);
  return opened;
}

function show(name: string, image: Image, truth: Uint8Array | undefined, slice?: Picture['slice']): Picture {
  shown = { image, truth };
  session?.show(image, truth);
  // A copy of the truth: what is sent is handed over.
  return { name, raster: rasterOf(image), truth: truth?.slice(), slice };
}

/** @param index Without one, the middle. */
function showSlice(axis: SliceAxis, index: number | undefined): Picture {
  if (volume === undefined) {
    throw new FileError({
      path: 'slice',
      problem: 'no volume is open',
      remedy: 'Open a NIfTI file or a DICOM series.',
    });
  }
  const stack = sliceStack(volume.volume, axis);
  const at = Math.min(stack.count - 1, index ?? Math.floor(stack.count / 2));
  return show(volume.name, stack.image(at), undefined, { axis, index: at, count: stack.count });
}
