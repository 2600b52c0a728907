import type { RawTensor } from './header.js';

/** The largest finite number of 16-bit floats. */
export const largestHalf = 65504;

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/**
 * Numbers as 16-bit floats, each the nearest one, of two as near the even one. What lies outside ±65504 becomes infinite.
 *
 * *Source*: IEEE 754-2019, binary16 and roundTiesToEven.
 */
export function halvesOf(values: Float32Array): Uint16Array {
  const result = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    floats[0] = values[i]!;
    const sign = (bits[0]! >>> 16) & 0x8000;
    const size = bits[0]! & 0x7fffffff;
    if (size > 0x7f800000) result[i] = sign | 0x7e00;
    else if (size >= 0x477ff000) result[i] = sign | 0x7c00;
    // Below 2⁻¹⁴ numbers are multiples of 2⁻²⁴: adding ½ to such a multiple leaves it in the last bits, rounded.
    else if (size < 0x38800000) {
      floats[0] = Math.abs(values[i]!) + 0.5;
      result[i] = sign | (bits[0]! - 0x3f000000);
    } else result[i] = sign | ((size - 0x38000000 + 0x0fff + ((size >>> 13) & 1)) >>> 13);
  }
  return result;
}

/** The numbers of 16-bit floats, exactly. */
function floatsOfHalves(halves: Uint16Array): Float32Array {
  const result = new Float32Array(halves.length);
  const to = new Uint32Array(result.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const [sign, exponent, fraction] = [(half & 0x8000) << 16, (half >> 10) & 0x1f, half & 0x3ff];
    if (exponent === 0) result[i] = (sign === 0 ? 1 : -1) * fraction * 2 ** -24;
    else to[i] = sign | ((exponent === 0x1f ? 0xff : exponent + 112) << 23) | (fraction << 13);
  }
  return result;
}

/**
 * The entries of a tensor of floating-point numbers as 32-bit floats, in memory of their own; 64-bit ones are rounded.
 *
 * @returns undefined if it has another number format.
 */
export function float32Of({ dtype, data }: Pick<RawTensor, 'dtype' | 'data'>): Float32Array | undefined {
  // A copy: views would be misaligned in a foreign file, and on the cpu backend keep all of it alive.
  const { buffer } = new Uint8Array(data);
  if (dtype === 'F32') return new Float32Array(buffer);
  if (dtype === 'F16') return floatsOfHalves(new Uint16Array(buffer));
  if (dtype === 'F64') return Float32Array.from(new Float64Array(buffer));
  if (dtype !== 'BF16') return undefined;
  // The upper half of a 32-bit float.
  const to = Uint32Array.from(new Uint16Array(buffer), (half) => half << 16);
  return new Float32Array(to.buffer);
}
