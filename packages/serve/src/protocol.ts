import type { AccuracyCostPoint, Manifest } from '@sshn/model';
import type {
  CascadeOptions,
  CleanOptions,
  LabelAmount,
  NamedLabel,
  RegistrationFigures,
  Segmentation,
  SettingChoice,
} from '@sshn/predict';

/** What the server and its worker processes say to each other. */
export type ToWorker =
  | { readonly kind: 'open'; readonly options: WorkerOptions }
  | { readonly kind: 'predict'; readonly id: number; readonly request: WorkRequest }
  | { readonly kind: 'cancel'; readonly id: number };

export type FromWorker =
  | { readonly kind: 'ready'; readonly models: readonly ModelFacts[] }
  | { readonly kind: 'failed'; readonly fault: Fault }
  | { readonly kind: 'measured'; readonly measured: Measured }
  | { readonly kind: 'done'; readonly id: number; readonly prediction: Prediction }
  | { readonly kind: 'refused'; readonly id: number; readonly fault: Fault };

/** A model by the name that requests use. */
export interface ServedModel {
  readonly name: string;
  /** A run folder or a model file. */
  readonly path: string;
}

/** What a worker process needs to know before it can predict. */
export interface WorkerOptions {
  readonly models: readonly ServedModel[];
  /** Of wasm, in each process. */
  readonly threads: number;
  /** Names of the models whose time is measured once they are open, between requests. */
  readonly measures: readonly string[];
  /** Larger images are refused before memory is taken for them. */
  readonly maxVoxels: number;
}

/** What a model expects, gives and costs. */
export interface ModelFacts {
  readonly name: string;
  readonly task: 'segmentation' | 'registration';
  /** Of registration: whether it takes a weight of smoothness. */
  readonly takesLambda: boolean;
  readonly labels: readonly NamedLabel[];
  /** What it is applied to. */
  readonly input: {
    readonly kind: 'raster' | 'volume';
    /** Of training: height and width, with depth before them in 3D. */
    readonly size: readonly number[];
    readonly channels: number;
  };
  /** The range of rescaling factors of training. */
  readonly factors: { readonly low: number; readonly high: number };
  /** What it was trained for, as its manifest says it. */
  readonly trained: Pick<Manifest, 'prior' | 'knobRanges'>;
  /** Whether it is the network of one setting, which requests do not choose. */
  readonly isPlain: boolean;
  /** Its table of accuracy and cost; GFLOPs alone where it was never evaluated. */
  readonly points: readonly AccuracyCostPoint[];
  /** The settings of its cascade, with what an answer of each costs, all before it counted in; empty where it has none. */
  readonly cascade: readonly AccuracyCostPoint[];
}

/** What a model costs on this machine, all its settings with milliseconds, or why that could not be measured. */
export type Measured = { readonly name: string } & (
  | Pick<ModelFacts, 'points' | 'cascade'>
  | { readonly fault: Fault }
);

/** Formats of an answer: 'auto' is PNG for raster images and nii.gz for volumes, 'form' has all that there is in one. */
export const answerFormats = [
  'auto',
  'png',
  'nii.gz',
  'nrrd',
  'json',
  'dicom',
  'dicom-labelmap',
  'uncertainty',
  'form',
] as const;
export type AnswerFormat = (typeof answerFormats)[number];

/** Formats of a registration's answer: the moved image, or the displacement field as NIfTI. */
export const registrationFormats = ['auto', 'png', 'nii.gz', 'field', 'json'] as const;
export type RegistrationFormat = (typeof registrationFormats)[number];

/** A file of a request. */
export interface UploadedFile {
  /** The field of the form in which it came; 'image' where it is the body. */
  readonly field: string;
  /** What errors call it. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * At which setting a model is applied; what is undefined is the model's own: its largest factor, all of its width. Of its cascade: how
 * many FLOPs it may take at most, and the Dice that is asked for.
 */
export type ServedSetting = Pick<SettingChoice, 'factor' | 'width' | 'inputResolution' | 'gflops' | 'dice'> &
  CascadeOptions;

/** What a worker is asked to do; the setting is decided already. */
export type WorkRequest = PredictRequest | RegisterRequest;

/** One image to be segmented. */
export interface PredictRequest {
  readonly task: 'segmentation';
  readonly model: string;
  /** One file, or all of a DICOM series. */
  readonly files: readonly UploadedFile[];
  readonly format: AnswerFormat;
  readonly setting: ServedSetting;
  readonly flips: boolean;
  readonly clean: CleanOptions;
}

/** Two images to be aligned. */
export interface RegisterRequest {
  readonly task: 'registration';
  readonly model: string;
  /** One file each, or all of a DICOM series. */
  readonly moving: readonly UploadedFile[];
  readonly fixed: readonly UploadedFile[];
  readonly format: RegistrationFormat;
  readonly setting: ServedSetting;
  readonly lambda: number | undefined;
  /** Of refinement after the prediction. */
  readonly steps: number;
  /** Whether a moving image on another grid is placed by its affine. */
  readonly resample: boolean;
}

/** A file of an answer. */
export interface AnswerFile {
  readonly field: 'labels' | 'uncertainty' | 'moved' | 'field';
  readonly bytes: Uint8Array;
  readonly type: string;
  readonly name: string;
}

/** What became of it. */
export interface Prediction {
  /** One; none where JSON is asked for. Of a form there may be several. */
  readonly files: readonly AnswerFile[];
  /** With which it was computed. */
  readonly setting: {
    readonly factors: readonly number[];
    readonly width: number;
    readonly resolution: number;
  };
  /** Of the answer's grid: depth, height, width; raster images are one deep. */
  readonly shape: readonly number[];
  /** Of a segmentation. */
  readonly labels?: readonly LabelAmount[];
  /** Of a registration. */
  readonly figures?: RegistrationFigures;
  /** Of an image that went through the model's cascade: why it ended there, what Dice is expected, and what it cost. */
  readonly cascade?: Required<Pick<Segmentation, 'predictedDice' | 'spent'>> & { readonly reason: string };
  readonly notes: readonly string[];
  /** That the worker took, reading and writing included. */
  readonly milliseconds: number;
}

/** An error on its way between processes. */
export interface Fault {
  /** Whose it is: the request's, the machine's memory, or ours. */
  readonly kind: 'input' | 'memory' | 'defect';
  /** For the client where it is the request's; for the log else. */
  readonly message: string;
  /** Of a file that could not be used. */
  readonly file?: { readonly path: string; readonly problem: string; readonly remedy: string };
}
