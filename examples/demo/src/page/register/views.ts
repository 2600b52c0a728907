import type { RegistrationProgress } from '../../worker/protocol.js';
import { canvas } from '../element.js';
import { drawRaster, greyRaster } from '../paint.js';

/** Longest edge of every canvas, in its own pixels: lines are smooth however few pixels the images have. */
const edge = 512;
/** Lines of the grid, and fields of the checkerboard, along the longest edge. */
const lines = 16;
const fields = 8;

/** Draws the five views of a registration. */
export function drawViews(progress: RegistrationProgress): void {
  const { moving, fixed, moved, size } = progress;
  draw('view-moving', moving, size);
  draw('view-fixed', fixed, size);
  draw('view-moved', moved, size);
  draw('view-checker', checkerboard(moved, fixed, size), size);
  drawGrid(contextOf('view-grid', size), progress);
}

function contextOf(id: string, [height, width]: readonly [number, number]): CanvasRenderingContext2D {
  const target = canvas(id);
  const scale = edge / Math.max(height, width);
  target.width = Math.round(scale * width);
  target.height = Math.round(scale * height);
  return target.getContext('2d')!;
}

function draw(id: string, values: Float32Array, size: readonly [number, number]): void {
  drawRaster(contextOf(id, size), greyRaster(values, size));
}

/** Fields of one image and the other in turns: where they fit, contours go on from field to field. */
function checkerboard(
  moved: Float32Array,
  fixed: Float32Array,
  [height, width]: readonly [number, number],
): Float32Array {
  const step = Math.max(1, Math.round(Math.max(height, width) / fields));
  return moved.map((value, pixel) => {
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    const isMoved = (Math.floor(row / step) + Math.floor(column / step)) % 2 === 0;
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
  context.lineWidth = 2;
  context.lineJoin = 'round';
  const scale = edge / Math.max(height, width);
  const step = Math.max(1, Math.round(Math.max(height, width) / lines));
  const point = (row: number, column: number): [number, number] => {
    const at = 2 * (row * width + column);
    return [(column + 0.5 + field[at + 1]!) * scale, (row + 0.5 + field[at]!) * scale];
  };
  const line = (points: readonly [number, number][]) => {
    context.beginPath();
    for (const place of points) context.lineTo(...place);
    context.stroke();
  };
  const indices = (count: number, every: number) =>
    Array.from({ length: Math.ceil(count / every) }, (_, i) => i * every);
  for (const row of indices(height, step)) line(indices(width, 1).map((column) => point(row, column)));
  for (const column of indices(width, step)) line(indices(height, 1).map((row) => point(row, column)));
}
