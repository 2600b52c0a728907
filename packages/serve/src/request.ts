import type { MultipartFile, MultipartValue } from '@fastify/multipart';
import { isLimited } from '@sshn/model';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RequestError } from './problem.js';
import { answerFormats, registrationFormats, type UploadedFile } from './protocol.js';

/** A number in a query or a form; an empty text is none. */
const numeral = z
  .string()
  .regex(/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, 'expected a number')
  .transform(Number);
const share = numeral.pipe(z.number().min(0, 'expected at least 0').max(1, 'expected at most 1'));
const knob = numeral.pipe(z.number().gt(0, 'expected a number above 0').max(1, 'expected at most 1'));
const positive = numeral.pipe(z.number().gt(0, 'expected a number above 0'));
const flag = z
  .enum(['true', 'false'])
  .transform((word) => word === 'true')
  .pipe(z.boolean());

/** Which model a request is for, and at which setting or within which budget. */
const choice = {
  model: z.string().optional().describe('Name of a model; not needed where one of the task is served.'),
  factor: share.optional().describe('Rescaling factor; default: what the service holds its latency with.'),
  width: knob
    .optional()
    .describe(
      'Share of the features of every stage, of models that were trained with a range of them; default: 1.',
    ),
  inputResolution: knob
    .optional()
    .describe("Share of the images' size that the network sees, likewise; default: 1."),
  gflops: positive.optional().describe('The most accurate setting with at most so many 10⁹ FLOPs.'),
  milliseconds: positive
    .optional()
    .describe('The most accurate setting that takes at most so long on this machine.'),
  mebibytes: positive
    .optional()
    .describe(
      'The most accurate setting whose weights and activations of one image take at most so much memory.',
    ),
  dice: share.optional().describe('At least this Dice, by the table of the model; alone: at least cost.'),
};

/** What decides about the setting of a request. */
export type Choice = z.infer<z.ZodObject<typeof choice>> & {
  readonly uncertainty?: boolean | undefined;
  readonly cascade?: boolean | undefined;
  readonly flips?: boolean | undefined;
};

const words = ['factor', 'width', 'inputResolution'] as const;

function oneChoice(asked: Choice, context: z.RefinementCtx): void {
  if (!isLimited(asked)) return;
  for (const word of words) {
    if (asked[word] === undefined) continue;
    context.addIssue({ code: 'custom', path: [word], message: `expected a ${word} or a budget, not both` });
  }
}

/** What goes with uncertainty and cascade. */
function cascadeChoice(
  asked: Choice & { readonly flips: boolean; readonly format: string },
  context: z.RefinementCtx,
): void {
  const { uncertainty, cascade, flips, format } = asked;
  const fault = (path: string, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message });
  if (format === 'uncertainty' && uncertainty !== true)
    fault('uncertainty', 'expected true with the format uncertainty');
  if (cascade === true && asked.dice === undefined)
    fault('dice', 'expected the Dice that a cascade is to reach');
  if (cascade !== true && uncertainty !== true) return;
  for (const word of words.filter((word) => asked[word] !== undefined))
    fault(word, "expected none with uncertainty or cascade, which take the settings of the model's cascade");
  if (flips)
    fault('flips', 'expected false with uncertainty or cascade, whose Dice is predicted without flips');
}

/** Settings of a segmentation, in the query or in fields of a form. */
export const predictSettings = z
  .strictObject({
    ...choice,
    format: z
      .enum(answerFormats)
      .default('auto')
      .describe(
        'Of the answer: png and nii.gz are label maps, nrrd a segmentation of 3D Slicer, dicom a DICOM segmentation of DICOM input, json the amount of each label alone, uncertainty the map of it (a PNG with 16 bits, where 65535 is 1; nii.gz of volumes), form a form with the label map, the map of uncertainty where it is asked for, and the JSON. auto: png for raster images, nii.gz for volumes.',
      ),
    uncertainty: flag
      .default(false)
      .describe(
        "Also tells the Dice that is expected for this image, and how unsure each pixel is: runs the settings of the model's cascade, as far as the budget allows for all of them together.",
      ),
    cascade: flag
      .optional()
      .describe(
        'Runs those settings one after the other until the Dice that is predicted for this image reaches dice, as long as the other limits of the budget allow; default: where dice comes with another limit that allows the first of them, without flips.',
      ),
    flips: flag.default(false).describe('Averages over all flips of the image.'),
    largestComponent: flag.default(false).describe('Keeps the largest connected component of each label.'),
    fillHoles: flag.default(false).describe('Gives background that one label encloses that label.'),
    minimumVoxels: numeral
      .pipe(z.int().min(1, 'expected at least 1'))
      .default(1)
      .describe('Removes connected components of fewer pixels or voxels.'),
  })
  .superRefine((asked, context) => {
    if (asked.uncertainty || asked.cascade || asked.format === 'uncertainty') cascadeChoice(asked, context);
    else oneChoice(asked, context);
  });

/** Settings of a registration. */
export const registerSettings = z
  .strictObject({
    ...choice,
    lambda: share
      .optional()
      .describe('Weight of smoothness, of models that take one; default: the middle of training.'),
    format: z
      .enum(registrationFormats)
      .default('auto')
      .describe(
        'Of the answer: png and nii.gz are the moved image on the grid of the fixed one, field the displacement in mm as a NIfTI vector image (intent 1007), json figures alone. auto: png for raster images, nii.gz for volumes.',
      ),
    steps: numeral
      .pipe(z.int().min(0, 'expected at least 0').max(1000, 'expected at most 1000'))
      .default(0)
      .describe('Steps of gradient descent on this pair after the prediction.'),
    resample: flag
      .default(false)
      .describe('Places a moving image that is on another grid by its affine; a raster image is stretched.'),
  })
  .superRefine(oneChoice);

/** Reads settings. @throws {RequestError} 400, saying what is wrong with each. */
export function readSettings<Schema extends z.ZodType>(
  schema: Schema,
  values: Readonly<Record<string, unknown>>,
): z.infer<Schema> {
  const { success, data, error } = schema.safeParse(values);
  if (success) return data;
  throw new RequestError(
    400,
    error.issues
      .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
      .join('; '),
  );
}

/** A body: its files, and what a form says besides. */
export interface Upload {
  readonly files: readonly UploadedFile[];
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Reads the body of a prediction: a form with one file or a DICOM series, or an image as it is.
 *
 * @throws {RequestError} 400 if there is no image or the form is malformed, 413 if all parts together are larger than `limit`.
 */
export async function readUpload(request: FastifyRequest, limit: number): Promise<Upload> {
  if (request.isMultipart()) return readForm(request, limit);
  const { body } = request;
  if (Buffer.isBuffer(body) && body.length > 0)
    return { files: [{ field: 'image', name: 'image', bytes: body }], fields: {} };
  throw new RequestError(400, 'The body is empty. Send an image, or a form with one in the field "image".');
}

/** Files of a series at most, and fields of a form. */
export const formLimits = { files: 4096, fields: 32, fieldSize: 4096, headerPairs: 32 } as const;

async function readForm(request: FastifyRequest, limit: number): Promise<Upload> {
  const files: UploadedFile[] = [];
  const fields: Record<string, unknown> = Object.create(null);
  let left = limit;
  try {
    for await (const part of request.parts()) {
      if (part.type === 'field') addField(fields, part);
      else {
        const file = await readFile(part, left);
        left -= file.bytes.length;
        // A form's file field that was left empty.
        if (file.bytes.length > 0) files.push(file);
      }
    }
  } catch (error) {
    if (error instanceof RequestError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'FST_REQ_FILE_TOO_LARGE') throw tooLarge(limit);
    if (typeof code === 'string' && code.endsWith('_LIMIT'))
      throw new RequestError(413, 'The form has more parts than this server takes.');
    throw new RequestError(400, 'The form is malformed or was cut off.');
  }
  if (files.length > 0) return { files, fields };
  throw new RequestError(400, 'The form has no image. Send one in the field "image".');
}

function addField(fields: Record<string, unknown>, { fieldname, value }: MultipartValue): void {
  if (fieldname in fields) throw new RequestError(400, `${fieldname}: is there twice`);
  fields[fieldname] = value;
}

async function readFile(part: MultipartFile, limit: number): Promise<UploadedFile> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of part.file as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return { field: part.fieldname, name: part.filename || 'image', bytes: Buffer.concat(chunks) };
}

export function tooLarge(limit: number): RequestError {
  return new RequestError(
    413,
    `The request is larger than the ${Math.floor(limit / 2 ** 20)} MiB that this server takes.`,
  );
}
