import type { SourceFile } from '../folder/source-file.js';

/** Intensities, channels last, row by row: `values[(y * width + x) * channels + c]`; 3D adds depth first. */
export interface Image {
  readonly values: Float32Array;
  /** `[height, width]` or `[depth, height, width]`. */
  readonly size: readonly number[];
  readonly channels: number;
  /**
   * What the numbers are: of a 'picture' of up to 8 bits a channel, scaled to [0, 1]; in units of a 'scanner' or a camera of
   * more bits; 'hounsfield' units. Undefined where it is unknown.
   */
  readonly intensities?: 'picture' | 'scanner' | 'hounsfield';
}

/** One label per pixel, in the order of an image's pixels; 0 is background. */
export interface LabelMap {
  readonly values: Uint8Array;
  /** `[height, width]` or `[depth, height, width]`. */
  readonly size: readonly number[];
}

/** An image and its labels, pixel by pixel. */
export interface Example {
  readonly id: string;
  readonly image: Image;
  readonly labels: LabelMap;
  /** Edges of a pixel along the axes of `size`, in mm; undefined where files do not say. */
  readonly spacingMm?: readonly number[];
}

/** A term of a coding scheme such as SNOMED. */
export interface Code {
  readonly value: string;
  /** `SCT` for SNOMED CT. */
  readonly scheme: string;
  readonly meaning: string;
}

/** What a label stands for in a coding scheme, as DICOM writes it. */
export interface LabelCodes {
  /** Which thing it is (liver, nodule). */
  readonly type: Code;
  /** What kind of thing (anatomical structure, lesion). */
  readonly category?: Code;
}

/** Images with labels that can be loaded by id. All examples of a dataset have one size and channel count. */
export interface Dataset {
  readonly name: string;
  readonly ids: readonly string[];
  readonly channels: number;
  /** `[height, width]` or `[depth, height, width]` of every example. */
  readonly size: readonly number[];
  /** The name of each label value; the first is 'background'. */
  readonly labelNames: readonly string[];
  /** The value in files of each label; undefined where files number them 0, 1, 2, … */
  readonly labelValues?: readonly number[];
  /** Red, green and blue of each label, 0 to 255; undefined where a label has none, or the data come without colors. */
  readonly labelColors?: ReadonlyArray<readonly [red: number, green: number, blue: number] | undefined>;
  /** What each label stands for in SNOMED or another coding scheme; undefined where nobody says. */
  readonly labelCodes?: ReadonlyArray<LabelCodes | undefined>;
  /** Whom an example is of, where several are of one: a split must not part them. @default each id is one of its own */
  readonly subjectOf?: (id: string) => string;
  /** @throws {FileError} naming the file that cannot be used and the remedy; {ValueError} if the id is unknown. */
  load(id: string): Promise<Example>;
}

/** A dataset of files. */
export interface FolderDataset extends Dataset {
  /** The files that an example is read from. @throws {ValueError} if the id is unknown. */
  sourcesOf(id: string): readonly SourceFile[];
}

/** Ids of three parts of a dataset that share none. */
export interface Split {
  readonly train: readonly string[];
  readonly validation: readonly string[];
  readonly test: readonly string[];
}

/** Examples stacked for a network. */
export interface Batch {
  readonly ids: readonly string[];
  /** Row-major intensities of `shape`. */
  readonly images: Float32Array;
  /** Row-major labels: `shape` without its last axis. */
  readonly labels: Int32Array;
  /** Of pairs: those of the moving images, as `labels` are those of the fixed ones. */
  readonly movingLabels?: Int32Array;
  /** `[batch, ...size, channels]`. */
  readonly shape: readonly number[];
}
