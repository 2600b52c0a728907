import type { RegistrationProgress } from '../../worker/protocol.js';
import { canvas } from '../element.js';
import { drawRaster, greyRaster } from '../paint.js';

/** Edge of every canvas, in its own pixels. */
const edge = 256;
/** Pixels of the images between two lines of the grid, and along an edge of a field of the checkerboard. */
const gridStep = 4;
const checkerStep = 8;

/** Draws the five views of a registration. */
export function drawViews(progress: RegistrationProgress): void {
  const { moving, fixed, moved, size } = progress;
  draw('view-moving', moving, size);
  draw('view-fixed', fixed, size);
  draw('view-moved', moved, size);
  draw('view-checker', checkerboard(moved, fixed, size), size);
  drawGrid(contextOf('view-grid'), progress);
}

function contextOf(id: string): CanvasRenderingContext2D {
  const target = canvas(id);
  target.width = edge;
  target.height = edge;
  return target.getContext('2d')!;
}

function draw(id: string, values: Float32Array, size: readonly [number, number]): void {
  drawRaster(contextOf(id), greyRaster(values, size));
}

/** Fields of one image and the other in turns: where they fit, contours go on from field to field. */
function checkerboard(
  moved: Float32Array,
  fixed: Float32Array,
  [, width]: readonly [number, number],
): Float32Array {
  return moved.map((value, pixel) => {
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    const isMoved = (Math.floor(row / checkerStep) + Math.floor(column / checkerStep)) % 2 === 0;
    return isMoved ? value : fixed[pixel]!;
  });
}

/** Lines of a square grid, each point moved by the field: where the moving image is looked at. */
function drawGrid(
  context: CanvasRenderingContext2D,
  { field, size: [height, width] }: RegistrationProgress,
): void {
  const style = getComputedStyle(context.canvas);
  context.strokeStyle = style.color;
  context.lineWidth = 1.2;
  const point = (row: number, column: number): [number, number] => {
    const at = 2 * (row * width + column);
    return [((column + 0.5 + field[at + 1]!) * edge) / width, ((row + 0.5 + field[at]!) * edge) / height];
  };
  const line = (points: readonly [number, number][]) => {
    context.beginPath();
    for (const place of points) context.lineTo(...place);
    context.stroke();
  };
  const indices = (count: number, step: number) =>
    Array.from({ length: Math.ceil(count / step) }, (_, i) => i * step);
  for (const row of indices(height, gridStep)) line(indices(width, 1).map((column) => point(row, column)));
  for (const column of indices(width, gridStep)) line(indices(height, 1).map((row) => point(row, column)));
}
