import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@sshn/model/node';
import type { LabelAmount } from '@sshn/predict';
import { z } from 'zod';
import type { Input } from './inputs.js';

const amountSchema = z.object({
  name: z.string(),
  voxels: z.int(),
  mm3: z.number().nullable(),
  dice: z.number().nullable().exactOptional(),
  /** Of --uncertainty and --cascade: what is expected, and how far off that is on average; null where nothing is. */
  predictedDice: z.object({ dice: z.number(), error: z.number() }).nullable().exactOptional(),
});

/** What is known of one image that is done. */
const entrySchema = z.object({
  input: z.string(),
  bytes: z.number(),
  modified: z.number(),
  output: z.string(),
  factor: z.array(z.number()),
  // Absent in files of older releases.
  width: z.number().default(1),
  resolution: z.number().default(1),
  /** Of --uncertainty and --cascade: over the labels, and how many settings were run with how many FLOPs. */
  predictedDice: z.object({ mean: z.number().nullable(), error: z.number() }).exactOptional(),
  settings: z.int().exactOptional(),
  /** Likewise: of how many tiles or slices each setting of the cascade gave the answer. */
  answered: z.array(z.int()).exactOptional(),
  gflops: z.number().exactOptional(),
  notes: z.array(z.string()),
  labels: z.array(amountSchema),
});
export type Entry = z.infer<typeof entrySchema>;

const journalSchema = z.object({
  model: z.string(),
  options: z.string(),
  images: z.record(z.string(), entrySchema),
});

/** All of the journal is written at once, which takes longer the more images there are. */
const millisecondsBetweenWrites = 1000;

/**
 * The record of a folder of predictions, `predictions.json`: written after every image, so that an interrupted command goes on
 * where it was, and a table for other programs.
 */
export class Journal {
  #writing: Promise<void> = Promise.resolve();
  #writtenAt = Number.NEGATIVE_INFINITY;
  #isWritten = true;

  private constructor(
    readonly folder: string,
    private readonly key: { readonly model: string; readonly options: string },
    readonly images: Map<string, Entry>,
    private readonly order: ReadonlyMap<string, number>,
  ) {}

  /**
   * Entries of an earlier call stay if the model and the options are the same.
   *
   * @param names Of the images of this call: tables have them in this order, behind those of earlier calls.
   */
  static async open(
    folder: string,
    key: { model: string; options: string },
    names: readonly string[],
  ): Promise<Journal> {
    await mkdir(folder, { recursive: true });
    const text = await readFile(join(folder, 'predictions.json'), 'utf8').catch(() => '{}');
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      value = {};
    }
    const known = journalSchema.safeParse(value);
    const isSame = known.success && known.data.model === key.model && known.data.options === key.options;
    const images = new Map(isSame ? Object.entries(known.data.images) : []);
    return new Journal(folder, key, images, new Map(names.map((name, i) => [name, i])));
  }

  /** Whether an image is done, and neither it nor its result has changed since. */
  async holds({ path, name }: Input, bytes: number, modified: number): Promise<boolean> {
    const known = this.images.get(name);
    if (known?.input !== path || known.bytes !== bytes || known.modified !== modified) return false;
    return (await stat(join(this.folder, known.output)).catch(() => undefined)) !== undefined;
  }

  get #inOrder(): Array<[name: string, entry: Entry]> {
    const placeOf = (name: string) => this.order.get(name) ?? -1;
    return [...this.images].sort(([a], [b]) => placeOf(a) - placeOf(b));
  }

  /** Takes an image in; what a kill may lose is a second of work, which is then done again. */
  async add(name: string, entry: Entry): Promise<void> {
    this.images.set(name, entry);
    this.#isWritten = false;
    if (performance.now() - this.#writtenAt >= millisecondsBetweenWrites) await this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#isWritten) return;
    this.#isWritten = true;
    this.#writtenAt = performance.now();
    // One after the other: the last one that is written has all.
    this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
  }

  async #write(): Promise<void> {
    const record = { ...this.key, images: Object.fromEntries(this.#inOrder) };
    await writeFileAtomic(join(this.folder, 'predictions.json'), `${JSON.stringify(record, null, 1)}\n`);
  }

  /** Writes what is left, and `volumes.csv`: a row for each image and label. */
  async writeTable(): Promise<void> {
    await this.#flush();
    const entries = this.#inOrder.map(([, entry]) => entry);
    const isPredicted = entries.some(({ predictedDice }) => predictedDice !== undefined);
    const rows = entries.flatMap(({ input, output, factor, labels }) =>
      labels.map(({ name, voxels, mm3, dice, predictedDice }) =>
        [
          input,
          output,
          factor.join(' '),
          name,
          voxels,
          mm3 ?? '',
          mm3 === null ? '' : mm3 / 1000,
          dice ?? '',
          ...(isPredicted ? [predictedDice?.dice ?? '', predictedDice?.error ?? ''] : []),
        ]
          .map((cell) => csvCell(String(cell)))
          .join(','),
      ),
    );
    const head = `input,output,factor,label,voxels,mm3,ml,dice${isPredicted ? ',predictedDice,predictedDiceError' : ''}`;
    await writeFileAtomic(join(this.folder, 'volumes.csv'), `${[head, ...rows].join('\n')}\n`);
  }
}

/** What a table row holds of one label. */
export function amountRow({ name, voxels, mm3 }: LabelAmount, dice?: number): Entry['labels'][number] {
  return {
    name,
    voxels,
    mm3: mm3 ?? null,
    ...(dice === undefined ? {} : { dice: Number.isNaN(dice) ? null : dice }),
  };
}

function csvCell(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
