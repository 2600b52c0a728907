/** What draws: an `Rng` of @sshn/core. */
interface Rng {
  uniform(low: number, high: number): number;
}

/** A whole number from 0 to below `count`. */
export const below = (rng: Rng, count: number): number =>
  Math.min(count - 1, Math.floor(rng.uniform(0, count)));

const pick = <T>(rng: Rng, all: readonly T[]): T => all[below(rng, all.length)]!;

/** A copy of some bytes with one thing wrong, as a disk, a download or an attacker leaves it. */
export function mutateBytes(bytes: Uint8Array, rng: Rng): Uint8Array {
  const at = below(rng, bytes.length);
  const span = 1 + below(rng, Math.min(64, bytes.length - at));
  const changed = Uint8Array.from(bytes);
  switch (below(rng, 7)) {
    case 0:
      changed[at]! ^= 1 << below(rng, 8);
      return changed;
    case 1:
      changed[at] = pick(rng, [0, 1, 0x22, 0x5b, 0x7b, 0x7d, 0x7f, 0x80, 0xff]);
      return changed;
    case 2:
      return bytes.slice(0, at);
    case 3:
      return joined(bytes.subarray(0, at), bytes.subarray(at + span));
    case 4:
      return joined(bytes.subarray(0, at + span), bytes.subarray(at));
    case 5:
      return changed.fill(pick(rng, [0, 0xff]), at, at + span);
    default:
      // The length of the header.
      new DataView(changed.buffer).setBigUint64(
        0,
        pick(rng, [0n, 1n, 2n ** 24n, 2n ** 32n, 2n ** 63n, BigInt(at)]),
        true,
      );
      return changed;
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const deep = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

/** Values that readers stumble over. */
const awkward: ReadonlyArray<() => unknown> = [
  () => null,
  () => -1,
  () => 0,
  () => 0.5,
  () => 1e9,
  () => 2 ** 53,
  () => 1e300,
  () => '',
  () => '__proto__',
  () => 'x'.repeat(1000),
  () => 'F64',
  () => true,
  () => [],
  () => ({}),
  () => deep(2000),
  () => Array(2000).fill(7),
  () => [1e5, 1e5],
  () => JSON.parse('{"__proto__":{"kind":"sshn"},"constructor":1}') as unknown,
];

/** JSON with one thing wrong somewhere in it: a value replaced, a key left out, added, renamed or doubled. */
export function mutateJson(value: unknown, rng: Rng): unknown {
  if (typeof value !== 'object' || value === null || rng.uniform(0, 1) < 0.1) return pick(rng, awkward)();
  if (Array.isArray(value)) {
    if (value.length === 0 || rng.uniform(0, 1) < 0.2) return [...value, pick(rng, awkward)()];
    const at = below(rng, value.length);
    return value.map((entry: unknown, i) => (i === at ? mutateJson(entry, rng) : entry));
  }
  const entries = Object.entries(value);
  const at = below(rng, entries.length);
  const place = rng.uniform(0, 1);
  if (entries.length === 0 || place < 0.08)
    entries.push([pick(rng, ['x', 'constructor', 'toString/x']), pick(rng, awkward)()]);
  else if (place < 0.16) entries.splice(at, 1);
  else if (place < 0.24) entries[at] = [pick(rng, ['__proto__', 'constructor/x', '', 'y']), entries[at]![1]];
  else entries[at] = [entries[at]![0], mutateJson(entries[at]![1], rng)];
  // Not Object.fromEntries alone: '__proto__' is a name like any other in JSON.
  return JSON.parse(
    `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${JSON.stringify(one)}`).join(',')}}`,
  );
}
