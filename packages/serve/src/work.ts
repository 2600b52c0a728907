import type { z } from 'zod';
import { RequestError } from './problem.js';
import type { ServedSetting, UploadedFile, WorkRequest } from './protocol.js';
import type { predictSettings, registerSettings } from './request.js';
import type { ModelEntry } from './settings.js';

/** A request whose setting is decided. */
export interface Work<Settings> {
  readonly entry: ModelEntry;
  readonly setting: ServedSetting;
  readonly settings: Settings;
  readonly files: readonly UploadedFile[];
}

/** What a worker does for a segmentation. */
export function segmentWork({
  entry,
  setting,
  settings,
  files,
}: Work<z.infer<typeof predictSettings>>): WorkRequest {
  const { largestComponent, fillHoles, minimumVoxels, format, flips } = settings;
  const clean = { largestComponent, fillHoles, minimumVoxels };
  return { task: 'segmentation', model: entry.facts.name, files, format, setting, flips, clean };
}

/** What a worker does for a registration. @throws {RequestError} 400, if an image is missing or λ does not fit the model. */
export function registerWork({
  entry,
  setting,
  settings,
  files,
}: Work<z.infer<typeof registerSettings>>): WorkRequest {
  const { name, takesLambda } = entry.facts;
  const { lambda, format, steps, resample } = settings;
  if (lambda !== undefined && !takesLambda)
    throw new RequestError(400, `lambda: ${name} was trained for one weight of smoothness, and takes none`);
  const [moving, fixed] = ['moving', 'fixed'].map((field) => files.filter((file) => file.field === field));
  if (moving!.length === 0 || fixed!.length === 0 || files.length > moving!.length + fixed!.length)
    throw new RequestError(400, 'Send a form with two images, in the fields "moving" and "fixed".');
  return {
    task: 'registration',
    model: name,
    moving: moving!,
    fixed: fixed!,
    format,
    setting,
    lambda,
    steps,
    resample,
  };
}
