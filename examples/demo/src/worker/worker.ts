import { FileError, ValueError } from '@sshn/core';
import { generatePhantoms, type Image, type Volume } from '@sshn/data';
import type { NamedSetting } from '@sshn/model';
import { startBackend } from './backend.js';
import { inOrderOf, niftiMask, pngMask } from './masks.js';
import { nameOf, openFiles, sliceStack } from './open-file.js';
import type { BackendName, NamedFile, Picture, Resolution, SliceAxis } from './protocol.js';
import { rasterOf } from './raster.js';
import { registrationRun } from './registration/run.js';
import { type Context, type Port, serve } from './serve.js';
import { type Looked, Session } from './session.js';
import { trainingRun } from './training-run.js';
import { generatedVolume, VolumeDesk, volumeIn } from './volumes.js';

/** How many generated images there are to leaf through. */
const generatedCount = 1000;
/** Not that of the packaged model's training images. */
const generatedSeed = 7;

/** What is open in this Worker. */
let running: BackendName | undefined;
let session: Session | undefined;
let shown: Looked | undefined;
const volumes = new VolumeDesk((image, truth) => look({ image, truth, isOwn: false }));
/** The volume of which a slice is open, and along which axis. */
let volume: { readonly volume: Volume; readonly axis: SliceAxis } | undefined;
let name = '';

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
      name = `Generated ${kind} ${number}`;
      const truth = names === dataset.labelNames.join() ? labels.values : undefined;
      return show({ image, truth, isOwn: false });
    },
    openPicture: async ({ files }) => {
      const opened = await openFiles(files);
      name = nameOf(files);
      if (opened.kind === 'volume') {
        volume = { volume: opened.volume, axis: 'axial' };
        return showSlice('axial', undefined);
      }
      volume = undefined;
      return show({ image: opened.image, truth: undefined, isOwn: true });
    },
    slice: async ({ axis, index }) => showSlice(axis, index),
    segment: ({ at, resolution, isUnsureShown }, { report, signal }) => {
      const wishes = { resolution, onProgress: report, signal };
      return isUnsureShown ? current().segmentUnsure(wishes) : current().segment(at, wishes);
    },
    saveMask,
    segmentFrame: (frame) => current().segmentFrame(frame),
    generateVolume: async ({ number }) => volumes.show(await generatedVolume(number)),
    openVolume: async ({ files }) => volumes.show(await volumeIn(files)),
    segmentVolume: async ({ at }, { signal }) =>
      volumes.onShownGrid(
        await current().segment(at, { resolution: 'training', onProgress: () => undefined, signal }),
      ),
    saveVolumeMask: async ({ at }, { report, signal }) => {
      const { volume: whole, name: of } = volumes.open;
      const picture = { path: of, format: 'volume', channels: [whole] } as const;
      const wishes = { resolution: 'training', onProgress: report, signal } as const;
      return niftiMask((await current().labelsOfPicture(picture, at, wishes)).values, whole, of);
    },
    points: async () => current().points,
    calibrate: (_, { report, signal }) => current().calibrate(report, signal),
    saveModel: ({ at }) => current().save(at),
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
  if (shown !== undefined) opened.show(shown);
  return opened;
}

function look(looked: Looked): void {
  shown = looked;
  session?.show(looked);
}

function show(looked: Looked, slice?: Picture['slice']): Picture {
  look(looked);
  const { image, truth, isOwn } = looked;
  // A copy of the truth: what is sent is handed over.
  return { name, raster: rasterOf(image), size: image.size, isOwn, truth: truth?.slice(), slice };
}

/** The labels of the open image on its own grid as a file; of a slice, those of all slices of its volume along the axis. */
async function saveMask(
  { at, resolution }: { readonly at: NamedSetting; readonly resolution: Resolution },
  { report, signal }: Context<number>,
): Promise<NamedFile> {
  if (volume === undefined) {
    const wishes = { resolution, onProgress: report, signal };
    return pngMask(await current().onOwnGrid(openImage(), at, wishes), name);
  }
  const { volume: whole, axis } = volume;
  const stack = sliceStack(whole, axis);
  const all: Uint8Array[] = [];
  for (let index = 0; index < stack.count; index++) {
    signal.throwIfAborted();
    const wishes = { resolution, onProgress: () => undefined, signal };
    all.push((await current().onOwnGrid(stack.image(index), at, wishes)).values);
    report((index + 1) / stack.count);
  }
  const labels = new Uint8Array(all.length * all[0]!.length);
  for (const [index, slice] of all.entries()) labels.set(slice, index * slice.length);
  return niftiMask(inOrderOf(labels, axis, whole), whole, name);
}

function openImage(): Image {
  if (shown === undefined) throw new ValueError({ where: 'image', got: 'none', expected: 'an open one' });
  return shown.image;
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
  volume = { ...volume, axis };
  const stack = sliceStack(volume.volume, axis);
  const at = Math.min(stack.count - 1, index ?? Math.floor(stack.count / 2));
  const looked = { image: stack.image(at), truth: undefined, isOwn: true };
  return show(looked, { axis, index: at, count: stack.count });
}
