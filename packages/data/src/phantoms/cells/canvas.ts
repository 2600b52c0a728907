import { length, type Shape } from './shapes.js';

/** What absorbs light in a smear; each has a color of its own. */
export const stains = ['hemoglobin', 'azure', 'eosin', 'chromatin'] as const;
export type Stain = (typeof stains)[number];

/** The stain densities of a smear, pixel by pixel, and what is to be segmented in it. */
export interface Canvas {
  readonly height: number;
  readonly width: number;
  readonly density: Readonly<Record<Stain, Float32Array>>;
  readonly labels: Uint8Array;
}

/** An empty slide. */
export function canvas(height: number, width: number): Canvas {
  const layer = (): Float32Array => new Float32Array(height * width);
  return {
    height,
    width,
    density: { hemoglobin: layer(), azure: layer(), eosin: layer(), chromatin: layer() },
    labels: new Uint8Array(height * width),
  };
}

/** Calls `visit` for every pixel within reach of a shape, with the distance to its border. */
export function eachPixel(
  { height, width }: Canvas,
  shape: Shape,
  margin: number,
  visit: (index: number, distance: number, x: number, y: number) => void,
): void {
  const reach = shape.reach + margin;
  const [top, bottom] = [Math.max(0, Math.ceil(shape.y - reach)), Math.min(height - 1, shape.y + reach)];
  const [left, right] = [Math.max(0, Math.ceil(shape.x - reach)), Math.min(width - 1, shape.x + reach)];
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      if (length(x - shape.x, y - shape.y) <= reach) {
        visit(y * width + x, shape.distance(x, y), x, y);
      }
    }
  }
}

/** How much of a pixel is inside: 1 well inside the border, 0 well outside, a ramp of `softness` pixels between. */
export function coverage(distance: number, softness: number): number {
  return Math.min(1, Math.max(0, 0.5 - distance / softness));
}
