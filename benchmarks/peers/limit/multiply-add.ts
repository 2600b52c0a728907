const CHAINS = 12;
/** Links of every chain in one iteration, so that the loop itself costs nothing. */
const UNROLLED = 16;
const LANES = 4;

/** Multiply-adds in one iteration. */
export const productsPerIteration = CHAINS * UNROLLED * LANES;

const I32 = 0x7f;
const F32 = 0x7d;
const V128 = 0x7b;

const localGet = (index: number) => [0x20, index];
const localSet = (index: number) => [0x21, index];
const f32Constant = (value: number) => [0x43, ...new Uint8Array(Float32Array.of(value).buffer)];
const f32x4Splat = [0xfd, 0x13];
const f32x4FirstLane = [0xfd, 0x1f, 0];
const f32x4Add = [0xfd, ...unsigned(0xe4)];
const f32x4Multiply = [0xfd, ...unsigned(0xe6)];

/**
 * A WebAssembly module that multiplies and adds in SIMD registers and does nothing else: no kernel that spends one
 * multiplication and one addition on each product can be faster.
 *
 * Its one export `work(iterations)` does `productsPerIteration` multiply-adds in each iteration. Chains of `a·x + b` that
 * do not depend on each other hide the latency of both instructions.
 */
export function multiplyAddModule(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [0x60, 1, I32, 1, F32]), // type: (i32) -> f32
    ...section(3, [0]),
    ...section(7, [...sized([...new TextEncoder().encode('work')]), 0, 0]),
    ...section(10, sized(body())),
  ]);
}

/** Local 0 counts down; then come the two constants, then the chains. */
function body(): number[] {
  const [factor, summand, first] = [1, 2, 3];
  const chains = Array.from({ length: CHAINS }, (_, i) => first + i);
  const link = (chain: number) => [
    ...localGet(chain),
    ...localGet(factor),
    ...f32x4Multiply,
    ...localGet(summand),
    ...f32x4Add,
    ...localSet(chain),
  ];
  const links = Array.from({ length: UNROLLED }, () => chains.flatMap(link)).flat();
  const countDown = [...localGet(0), 0x41, 1, 0x6b, 0x22, 0]; // i32.const 1, i32.sub, local.tee 0
  return [
    ...[1, CHAINS + 2, V128],
    ...[...f32Constant(0.5), ...f32x4Splat, ...localSet(factor)],
    ...[...f32Constant(1), ...f32x4Splat, ...localSet(summand)],
    ...chains.flatMap((chain) => [...f32Constant(chain), ...f32x4Splat, ...localSet(chain)]),
    ...[0x03, 0x40, ...links, ...countDown, 0x0d, 0, 0x0b], // loop … br_if 0, end
    // The result needs every chain, or it would be thrown away as dead.
    ...localGet(first),
    ...chains.slice(1).flatMap((chain) => [...localGet(chain), ...f32x4Add]),
    ...f32x4FirstLane,
    0x0b,
  ];
}

/** A section with one entry. */
function section(id: number, entry: readonly number[]): number[] {
  return [id, ...sized([1, ...entry])];
}

function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

/** Unsigned LEB128. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...unsigned(Math.floor(value / 128))];
}
