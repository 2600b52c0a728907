import fc from 'fast-check';

const three = (most: number) => {
  const one = fc.integer({ min: 1, max: most });
  return fc.tuple(one, one, one);
};

/** Convolutions of volumes: awkward sizes, edges that are no cubes, strides or dilations. */
export const convolutions3d = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    size: three(6),
    edges: three(3),
    inChannels: fc.constantFrom(1, 2, 9),
    outChannels: fc.integer({ min: 1, max: 3 }),
    pad: fc.constantFrom('same' as const, 'valid' as const),
    steps: fc.constantFrom(
      { strides: 1, dilations: 1 },
      { strides: 2, dilations: 1 },
      { strides: 1, dilations: 2 },
    ),
    seed: fc.nat(),
  })
  .filter(
    ({ pad, size, edges, steps }) =>
      pad === 'same' || size.every((n, i) => n >= (edges[i]! - 1) * steps.dilations + 1),
  );

/** Images or volumes and another size: batch, spatial sizes from and to, channels. */
export const resizings = fc.integer({ min: 2, max: 3 }).chain((rank) => {
  const sizes = fc.array(fc.integer({ min: 1, max: rank === 2 ? 11 : 6 }), {
    minLength: rank,
    maxLength: rank,
  });
  const few = fc.integer({ min: 1, max: 3 });
  return fc.record({
    batch: few,
    from: sizes,
    to: sizes,
    channels: few,
    seed: fc.integer({ min: 1, max: 99 }),
  });
});
