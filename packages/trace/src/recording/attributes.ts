import type { NamedAttrMap } from '@tensorflow/tfjs-core';

/** The attributes that were given, as they are now: later changes of a caller's lists do not reach the graph. */
export function copyAttributes(attributes: NamedAttrMap): NamedAttrMap {
  return Object.fromEntries(
    Object.entries(attributes)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, copy(value)]),
  ) as NamedAttrMap;
}

function copy(value: unknown): unknown {
  return Array.isArray(value) ? value.map(copy) : value;
}
