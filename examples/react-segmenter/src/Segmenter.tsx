import { type ReactNode, useEffect, useRef } from 'react';
import type { Segmentation } from './messages.js';
import { useSegmentation } from './use-segmentation.js';

/** What a Segmenter takes. */
export interface SegmenterProps {
  readonly image: ImageData;
  /** The rescaling factor φ, from 0 to 1: less is cheaper and coarser. */
  readonly factor: number;
  /** Address of a model file. */
  readonly model: string;
  /** How strongly labels cover the image, from 0 to 1. @default 0.5 */
  readonly opacity?: number;
  /** Of the labels, the background first. */
  readonly colors?: ReadonlyArray<readonly [red: number, green: number, blue: number]>;
}

const usualColors = [
  [0, 0, 0],
  [0, 158, 115],
  [213, 94, 0],
  [0, 114, 178],
  [230, 159, 0],
] as const;

/** An image with its segmentation over it, computed in a Worker: `<Segmenter model={url} image={image} factor={0.25} />`. */
export function Segmenter({
  image,
  factor,
  model,
  opacity = 0.5,
  colors = usualColors,
}: SegmenterProps): ReactNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { segmentation, error, isWorking } = useSegmentation(model, image, factor);

  useEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    context.putImageData(image, 0, 0);
    if (segmentation === undefined) return;
    const overlay = new OffscreenCanvas(segmentation.width, segmentation.height);
    overlay.getContext('2d')!.putImageData(overlayOf(segmentation, colors, opacity), 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(overlay, 0, 0, image.width, image.height);
  }, [image, segmentation, colors, opacity]);

  return (
    <figure className="segmenter" aria-busy={isWorking}>
      <canvas ref={canvas} width={image.width} height={image.height} />
      {error === undefined ? null : <p role="alert">{error.message}</p>}
      <figcaption>{segmentation === undefined ? 'Segmenting…' : caption(segmentation)}</figcaption>
    </figure>
  );
}

function caption({ factor, labels, labelNames, milliseconds }: Segmentation): string {
  const shares = labelNames.slice(1).map((name, i) => {
    const count = labels.filter((label) => label === i + 1).length;
    return `${name} ${((100 * count) / labels.length).toFixed(1)} %`;
  });
  return `φ = ${factor}: ${shares.join(', ')}; ${milliseconds.toFixed(1)} ms`;
}

/** Labels in their colors; the background is clear. */
function overlayOf(
  { labels, width, height }: Segmentation,
  colors: NonNullable<SegmenterProps['colors']>,
  opacity: number,
): ImageData {
  const pixels = new ImageData(width, height);
  for (const [i, label] of labels.entries())
    if (label > 0) pixels.data.set([...colors[label % colors.length]!, 255 * opacity], 4 * i);
  return pixels;
}
