import type { Image } from '@sshn/data';
import type { Palette } from '../plots/draw.js';
import { factorText } from '../terminal/text.js';
import { grey, type Panel, panelsFigure } from './panels.js';

/** The feature maps of an image at one factor. */
export interface FeaturesAt {
  readonly factor: number;
  readonly maps: ReadonlyMap<string, Image>;
}

/**
 * A feature map of each layer at each factor, of the channel that varies most over the image at the largest factor; of volumes the
 * middle slice. Each map is stretched over its own range.
 *
 * *Source*: the paper, figure 16.
 */
export function featureMaps(all: readonly FeaturesAt[], palette: Palette): string {
  const last = all.at(-1)!.maps;
  const rows = [...last].map(([layer, map]) => {
    const channel = strongestChannel(map);
    return {
      label: `${layer}, ${channel}`,
      panels: all.map(({ maps }) => panelOf(maps.get(layer)!, channel)),
    };
  });
  const [height, width] = last.values().next().value!.size.slice(-2) as [number, number];
  const scale = 96 / Math.max(height, width);
  return panelsFigure(rows, {
    title: 'Feature maps over the rescaling factor',
    caption:
      'Features of each layer, and the number of the channel that is shown: the one that varies most over the image.',
    palette,
    color: grey,
    cell: { width: Math.round(width * scale), height: Math.round(height * scale) },
    columns: all.map(({ factor }) => `φ = ${factorText(factor)}`),
  });
}

/** The channel with the largest standard deviation over the image. */
export function strongestChannel({ values, channels }: Image): number {
  const spreads = Array.from(
    { length: channels },
    (_, channel) => momentsOf({ values, channels }, channel).sd,
  );
  return spreads.indexOf(Math.max(...spreads));
}

function momentsOf({ values, channels }: Pick<Image, 'values' | 'channels'>, channel: number) {
  const count = values.length / channels;
  let [sum, squares] = [0, 0];
  for (let i = channel; i < values.length; i += channels) {
    sum += values[i]!;
    squares += values[i]! ** 2;
  }
  const mean = sum / count;
  return { mean, sd: Math.sqrt(Math.max(0, squares / count - mean ** 2)) };
}

function panelOf({ values, size, channels }: Image, channel: number): Panel {
  const [height, width] = size.slice(-2) as [number, number];
  const first = size.length === 3 ? Math.floor(size[0]! / 2) * height * width : 0;
  const map = Float32Array.from(
    { length: height * width },
    (_, i) => values[(first + i) * channels + channel]!,
  );
  return { width, height, values: map };
}

/** Size, mean and standard deviation of every channel of every layer at every factor, as a table. */
export function featuresCsv(all: readonly FeaturesAt[]): string {
  const rows = all.flatMap(({ factor, maps }) =>
    [...maps].flatMap(([layer, map]) =>
      Array.from({ length: map.channels }, (_, channel) => {
        const { mean, sd } = momentsOf(map, channel);
        return [layer, factor, map.size.join('x'), channel, mean.toPrecision(6), sd.toPrecision(6)].join(',');
      }),
    ),
  );
  return ['layer,factor,size,channel,mean,sd', ...rows, ''].join('\n');
}
