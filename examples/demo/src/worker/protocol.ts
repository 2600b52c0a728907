import type { AccuracyCostPoint, Manifest, NamedSetting } from '@sshn/model';
import type { OwnFolder } from './own-folder.js';

/** What can compute. */
export const backendNames = ['wasm', 'webgl', 'webgpu', 'cpu'] as const;
export type BackendName = (typeof backendNames)[number];

/** A backend, or 'auto' for the fastest of this device, which is measured. */
export type BackendWish = BackendName | 'auto';

/** Which backend runs, in words for people. */
export interface BackendStatus {
  readonly backend: BackendName;
  readonly detail: string;
}

/** An image to look at: red, green, blue and alpha of each pixel. */
export interface Raster {
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  /** `[height, width]`. */
  readonly size: readonly [number, number];
}

/** An image that is open, and what it is a slice of. */
export interface Picture {
  readonly name: string;
  readonly raster: Raster;
  /** True labels at the size that the network sees, where they are known. */
  readonly truth: Uint8Array | undefined;
  /** `[height, width]` of the image itself; the raster is smaller where that is huge. */
  readonly size: readonly number[];
  /** Whether it is a person's own. */
  readonly isOwn: boolean;
  /** Of volumes: which slice this is, of how many. */
  readonly slice: { readonly axis: SliceAxis; readonly index: number; readonly count: number } | undefined;
}

export const sliceAxes = ['axial', 'coronal', 'sagittal'] as const;
export type SliceAxis = (typeof sliceAxes)[number];

/** What a model's manifest says, as far as the page shows it. */
export interface ModelSummary extends Pick<Manifest, 'labels' | 'accuracyCost' | 'method'> {
  readonly name: string;
  /** What images it was made for, in a sentence for people. */
  readonly purpose: string;
  /** `[height, width]` or `[depth, height, width]` that the network sees. */
  readonly size: readonly number[];
  /** Resolutions inside: the first is that of the image, each further one is φ times the last. */
  readonly stages: number;
  /** Factors that the model was trained for. */
  readonly range: readonly [low: number, high: number];
  readonly bytes: number;
  readonly dataset: string;
  /** The settings that are run to tell how sure an answer is; empty where the model cannot tell. */
  readonly cascade: readonly NamedSetting[];
}

/** Labels that a network gave the open image, and what that took. */
export interface Segmentation {
  readonly at: NamedSetting;
  /** Of the labels: that of a person's own image, else what the network sees, or of volumes what is shown. */
  readonly size: readonly number[];
  readonly labels: Uint8Array;
  readonly gflops: number;
  /** Predicting the weights for this factor; undefined where they were kept from before. */
  readonly specializeMilliseconds: number | undefined;
  /** Running the plain network on the image, until its labels are read. */
  readonly segmentMilliseconds: number;
  /** Mean foreground Dice against the truth, where it is known. */
  readonly dice: number | undefined;
  /** In sentences, where the image is unlike those that the model was made for. */
  readonly outside: readonly string[];
  /** Where that was asked for: how unsure each pixel is, in [0, 1], and the mean Dice that is expected with its error. */
  readonly unsure:
    | { readonly uncertainty: Float32Array; readonly dice: number | null; readonly error: number }
    | undefined;
}

/** How a person's own image is brought to a network: stretched to the size of training, or as it is, in overlapping tiles. */
export type Resolution = 'training' | 'own';

/** A file of a person's own. */
export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A volume that is open: what a viewer shows of it. */
export interface ShownVolume {
  readonly name: string;
  /** An uncompressed NIfTI file of bytes, in canonical orientation. */
  readonly nifti: Uint8Array;
  /** `[depth, height, width]` as it was opened, and as it is shown. */
  readonly shape: readonly number[];
  readonly shownShape: readonly number[];
}

/** One frame of a stream: grey values in [0, 1] at the size that the network sees. */
export interface StreamFrame {
  readonly values: Float32Array;
  readonly at: NamedSetting;
}

/** What became of a frame; its memory comes back for drawing. */
export interface SegmentedFrame extends StreamFrame {
  readonly labels: Uint8Array;
}

/** How a training run stands. */
export interface TrainingProgress {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly factor: number;
  readonly imagesPerSecond: number;
  /** Accuracy and cost on images held out, when they were measured just now. */
  readonly curve: readonly AccuracyCostPoint[] | undefined;
  /** What is trained on, for people: how many images, what was left out, what happens to intensities. */
  readonly note: string;
}

export interface TrainingRequest {
  /** Generated images, or those of a person's own folder, brought to squares of an edge. */
  readonly images:
    | { readonly kind: 'cells' | 'blobs' }
    | { readonly folder: OwnFolder; readonly edge: number };
  readonly steps: number;
  readonly features: number;
}

/** How a registration stands. */
export interface RegistrationProgress {
  readonly iteration: number;
  readonly iterations: number;
  /** How unlike the moved and the fixed image are, by the chosen similarity. */
  readonly loss: number;
  readonly lossBefore: number;
  /** Mean foreground Dice of the labels, where they are known. */
  readonly dice: { readonly before: number; readonly after: number } | undefined;
  /** Where the determinant of the map's Jacobian is not positive. */
  readonly foldedPixels: number;
  /** Intensities of the images, row by row. */
  readonly moving: Float32Array;
  readonly fixed: Float32Array;
  readonly moved: Float32Array;
  /** Displacement in pixels: down and right of each pixel. */
  readonly field: Float32Array;
  readonly size: readonly [number, number];
  /** What was done to the images before, for people. */
  readonly note: string;
  /** Of the picture that shows what the network alone made of the pair. */
  readonly network:
    | { readonly isCloser: boolean; readonly gflops: number; readonly milliseconds: number }
    | undefined;
}

export interface RegistrationRequest {
  /** A generated pair, or a person's own files. */
  readonly images:
    | { readonly number: number }
    | { readonly moving: readonly NamedFile[]; readonly fixed: readonly NamedFile[] };
  readonly similarity: 'mse' | 'localNcc';
  /** Weight of smoothness beside similarity. */
  readonly smoothness: number;
  /** The model file of a registration network that predicts a first field, and at which φ. */
  readonly network: { readonly bytes: Uint8Array; readonly factor: number } | undefined;
  /** Pictures of the refinement that follows, each after ten steps; 0 for none. */
  readonly pictures: number;
}

/** What a registration leaves, on the grid of the fixed image. */
export interface RegistrationResult {
  readonly moved: Float32Array;
  readonly size: readonly [number, number];
  /** The displacement field as a `.nii.gz` file. */
  readonly field: Uint8Array;
}

/** Everything that the page may ask of the Worker: name, what goes in, what comes out, what is told on the way. */
export interface Calls {
  start: { in: { backend: BackendWish }; out: BackendStatus; progress: never };
  openModel: { in: { bytes: Uint8Array; name: string; rank: 2 | 3 }; out: ModelSummary; progress: never };
  generate: { in: { kind: 'cells' | 'blobs'; number: number }; out: Picture; progress: never };
  openPicture: { in: { files: readonly NamedFile[] }; out: Picture; progress: never };
  slice: { in: { axis: SliceAxis; index: number | undefined }; out: Picture; progress: never };
  segment: {
    in: { at: NamedSetting; resolution: Resolution; isUnsureShown: boolean };
    out: Segmentation;
    progress: number;
  };
  saveMask: { in: { at: NamedSetting; resolution: Resolution }; out: NamedFile; progress: number };
  segmentFrame: { in: StreamFrame; out: SegmentedFrame; progress: never };
  generateVolume: { in: { number: number }; out: ShownVolume; progress: never };
  openVolume: { in: { files: readonly NamedFile[] }; out: ShownVolume; progress: never };
  segmentVolume: { in: { at: NamedSetting }; out: Segmentation; progress: never };
  saveVolumeMask: { in: { at: NamedSetting }; out: NamedFile; progress: number };
  points: { in: Record<string, never>; out: readonly AccuracyCostPoint[]; progress: never };
  calibrate: { in: Record<string, never>; out: readonly AccuracyCostPoint[]; progress: number };
  saveModel: { in: { at: NamedSetting | undefined }; out: Uint8Array; progress: never };
  train: { in: TrainingRequest; out: Uint8Array; progress: TrainingProgress };
  register: { in: RegistrationRequest; out: RegistrationResult; progress: RegistrationProgress };
}

export type CallName = keyof Calls;

/** From the page: a call, or the wish that a running one ends early. */
export type ToWorker =
  | { readonly id: number; readonly name: CallName; readonly argument: unknown }
  | { readonly id: number; readonly stop: true };

/** To the page: news of a call, then its result or error. */
export type FromWorker =
  | { readonly id: number; readonly progress: unknown }
  | { readonly id: number; readonly result: unknown }
  | {
      readonly id: number;
      readonly error: string;
      /** Whether the graphics card went away: nothing computes until another backend is started. */
      readonly isGpuLost?: boolean;
    };
