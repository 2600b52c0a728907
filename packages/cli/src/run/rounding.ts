import { type Factor, FileError, type ParamsOf, setting } from '@sshn/core';
import { type Manifest, networkOf } from '@sshn/model';
import { diceOver, prepareDataset } from '@sshn/training';
import { evaluateRun } from '@sshn/training/node';
import { openData, parseDataSource } from './data-source.js';
import { openRun } from './open-run.js';

/** What rounding cost, as a model file says it. */
type Measured = NonNullable<NonNullable<Manifest['rounded']>['measured']>;

/** A network with weights in one precision. */
export interface Weighed {
  readonly manifest: Pick<Manifest, 'network' | 'method'>;
  readonly params: ParamsOf<ReturnType<typeof networkOf>['specs']>;
}

/** Images on which two precisions of one network are compared. */
export interface ComparedImages {
  /** In words. */
  readonly data: string;
  readonly images: number;
  /** Mean foreground Dice. */
  score(weighed: Weighed, factor: Factor): Promise<number>;
  dispose(): void;
}

/**
 * The validation images of a run, which its own weights were chosen by; of a run that aligns images, its pairs.
 *
 * @param moved Where the images are now, if no longer where run.json says.
 * @param lambda Of registration networks that take one.
 * @throws {FileError} if the images are not there any more, or are others.
 */
export async function imagesOfRun(
  folder: string,
  moved: string | undefined,
  lambda: number | undefined,
): Promise<ComparedImages> {
  const { run, dataset } = await openRun(folder, moved, 'export');
  const isPairs = run.config.task === 'registration';
  return {
    data: `validation ${isPairs ? 'pairs from' : 'images of'} ${dataset.name}`,
    images: run.split(dataset).validation.length,
    async score({ manifest, params }, factor) {
      const [result] = await evaluateRun({ ...run, model: networkOf(manifest), params }, dataset, {
        factors: [factor],
        split: 'validation',
        isTimed: false,
        ...(lambda === undefined ? {} : { lambda }),
      });
      return result!.dice;
    },
    dispose: () => run.dispose(),
  };
}

/**
 * The images of a folder with labels, for a model of segmentation of which there is only the file.
 *
 * @param data As `sshn train` takes it: a folder, or phantoms.
 * @throws {FileError} if the folder cannot be used, or has other labels than the model.
 */
export async function imagesOfFolder(data: string, manifest: Manifest): Promise<ComparedImages> {
  if (manifest.task === 'registration') {
    throw new FileError({
      path: data,
      problem:
        'cannot tell what rounding costs a model that aligns images: which of them are pairs, the run says',
      remedy: 'Export from the run folder, or leave out --data.',
    });
  }
  const { size, patch, channels, intensity, volumes } = manifest.preprocessing;
  const { slices, spacingMm, fit } = volumes ?? {};
  const source = parseDataSource(data);
  const dataset = await openData(source, {
    size: [...size],
    // Phantoms are what they are.
    ...(source.layout === 'phantoms'
      ? {}
      : {
          data: {
            ...(slices === undefined ? {} : { slices }),
            ...(spacingMm === undefined ? {} : { spacingMm: [...spacingMm] }),
            ...(fit === undefined ? {} : { fit }),
            ...(channels === 1 ? { channels: 'grey' as const } : {}),
            ...(channels === 3 ? { channels: 'color' as const } : {}),
          },
        }),
  });
  if (dataset.channels !== channels) {
    throw new FileError({
      path: data,
      problem: `has images of ${dataset.channels} channels, and the model takes ${channels}`,
      remedy: 'Give images like those that the model was trained on.',
    });
  }
  const valuesOf = (labels: ReadonlyArray<{ readonly value?: number | undefined }>) =>
    labels.map(({ value }, label) => value ?? label).join(', ');
  const wanted = valuesOf(manifest.labels);
  const found = valuesOf(dataset.labelNames.map((_, label) => ({ value: dataset.labelValues?.[label] })));
  if (found !== wanted) {
    throw new FileError({
      path: data,
      problem: `has labels of the values ${found}, and the model has ${wanted}`,
      remedy: 'Give images with the labels that the model was trained on.',
    });
  }
  const prepared = prepareDataset(dataset, { intensity });
  return {
    data: `images of ${dataset.name}`,
    images: dataset.ids.length,
    async score({ manifest: described, params }, factor) {
      const model = networkOf(described);
      return (await diceOver(model, params, prepared, dataset.ids, setting(factor), 4, patch)).mean;
    },
    dispose: () => {},
  };
}

/** Dice at some factors before and after the weights were rounded. @throws {FileError} if no image has a label. */
export async function measureRounding(
  { data, images, score }: ComparedImages,
  exact: Weighed,
  rounded: Weighed,
  factors: readonly Factor[],
): Promise<Measured> {
  const points = [];
  for (const factor of factors) {
    const [before, after] = [await score(exact, factor), await score(rounded, factor)];
    if (Number.isNaN(before + after)) {
      throw new FileError({
        path: data,
        problem: 'have no labels, so there is no Dice',
        remedy: 'Give images with labels.',
      });
    }
    points.push({ factor: typeof factor === 'number' ? factor : [...factor], before, after });
  }
  return { data, images, points };
}

/** One line for people; undefined where weights were not rounded. */
export function roundedText(rounded: Manifest['rounded']): string | undefined {
  if (rounded === undefined) return undefined;
  const { dtype, measured } = rounded;
  const bits = dtype === 'float16' ? '16-bit floats' : dtype;
  if (measured === undefined) return `rounded to ${bits}; what that cost was not measured`;
  const points = measured.points.map(
    ({ factor, before, after }) =>
      `${before.toFixed(4)} → ${after.toFixed(4)} at φ = ${[factor].flat().join(', ')}`,
  );
  return `rounded to ${bits}; Dice ${points.join('; ')} (${measured.images} ${measured.data})`;
}
