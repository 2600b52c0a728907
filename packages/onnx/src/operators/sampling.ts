import type { GraphNode, GraphTensor } from '@sshn/trace';
import type { Converter } from '../converter.js';
import { inputsOf, numbers, UnsupportedKernelError } from './operator.js';

/** By scales, since sizes would fix the batch. */
export function resize(to: Converter, node: GraphNode): void {
  const [x] = inputsOf(node) as [GraphTensor];
  const scales = numbers(node.attributes.size).map((n, axis) => scaleOf(x.shape[axis + 1]!, n));
  to.set(
    node.outputs[0]!,
    'first',
    to.emit('Resize', [to.get(x, 'first'), '', to.floats([1, 1, ...scales], [scales.length + 2])], {
      mode: 'linear',
      coordinate_transformation_mode: 'half_pixel',
    }),
  );
}

/** The least 32-bit scale near `size / from` of which runtimes make `size`: they round `from · scale` down, in 32 or 64 bits. */
function scaleOf(from: number, size: number): number {
  let scale = Math.fround(size / from);
  while (Math.floor(from * scale) < size) scale = Math.fround(scale * (1 + 2 ** -23));
  return scale;
}

/** Places in voxels, x last, become places in [−1, 1], x first, where −1 and 1 are the borders of the image. */
export function warp(to: Converter, node: GraphNode): void {
  const { image, field } = node.inputs as { image: GraphTensor; field: GraphTensor };
  const { interpolation, padding } = node.attributes;
  // ONNX reflects about the borders of voxels, this kernel about their centers.
  if (padding !== 'border' && padding !== 'zeros') {
    throw new UnsupportedKernelError(
      node.kernel,
      node.scope,
      `padding 'border' or 'zeros', not '${padding}'`,
    );
  }
  const grid = field.shape.slice(1, -1);
  const rank = grid.length;
  const size = image.shape.slice(1, -1);
  const places: number[] = [];
  const count = grid.reduce((product, n) => product * n, 1);
  for (let i = 0; i < count; i++) {
    let rest = i;
    const place = grid.map(() => 0);
    for (let axis = rank - 1; axis >= 0; axis--) {
      place[axis] = rest % grid[axis]!;
      rest = Math.floor(rest / grid[axis]!);
    }
    places.push(...place);
  }
  const at = to.emit('Add', [to.get(field, 'last'), to.floats(places, [1, ...grid, rank], 'places')]);
  const scaled = to.emit('Mul', [
    at,
    to.floats(
      size.map((n) => 2 / n),
      [rank],
    ),
  ]);
  const centered = to.emit('Add', [
    scaled,
    to.floats(
      size.map((n) => 1 / n - 1),
      [rank],
    ),
  ]);
  const reversed = to.emit(
    'Gather',
    [centered, to.integers(Array.from({ length: rank }, (_, i) => rank - 1 - i))],
    {
      axis: rank + 1,
    },
  );
  to.set(
    node.outputs[0]!,
    'first',
    to.emit('GridSample', [to.get(image, 'first'), reversed], {
      // The opset that added volumes renamed the mode.
      mode: interpolation === 'nearest' ? 'nearest' : rank === 3 ? 'linear' : 'bilinear',
      padding_mode: padding === 'border' ? 'border' : 'zeros',
      align_corners: 0,
    }),
  );
}
