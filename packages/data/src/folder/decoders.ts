import { decodeImage, decodeLabels } from '../formats/decode.js';
import { decodeDicom } from '../volumes/dicom/decode.js';
import { decodeVolume } from '../volumes/read.js';

/** What turns the bytes of files into pixels and voxels: here, or elsewhere with the same results and errors. */
export interface Decoders {
  readonly decodeImage: typeof decodeImage;
  readonly decodeLabels: typeof decodeLabels;
  readonly decodeVolume: typeof decodeVolume;
  readonly decodeDicom: typeof decodeDicom;
}

/** On this thread. */
export const decodersHere: Decoders = { decodeImage, decodeLabels, decodeVolume, decodeDicom };
