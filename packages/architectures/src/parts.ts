import { isParamSpec, type Module, type ParamSpec, type SpecNode, type SpecTree } from '@sshn/core';

/**
 * A module whose input is a concatenation: its specs say so, wherever they read that input, so that a narrower network takes the first
 * channels of each part, not the first of all.
 *
 * @param parts Channels of each part, in order. Where a part is a concatenation itself, what is known of it stands in its place.
 */
export function ofParts<M extends Module>(module: M, parts: readonly number[]): M {
  const total = sum(parts);
  const told = (spec: ParamSpec): ParamSpec => {
    const known = spec.parts ?? [spec.shape[spec.axes.indexOf('inChannels')] ?? 0];
    const first = known[0]!;
    return first === total ? { ...spec, parts: [...parts, ...known.slice(1)] } : spec;
  };
  const walk = (node: SpecNode): SpecNode => {
    if (isParamSpec(node)) return told(node);
    if (Array.isArray(node)) return node.map(walk);
    return Object.fromEntries(Object.entries(node as SpecTree).map(([name, below]) => [name, walk(below)]));
  };
  return { ...module, specs: walk(module.specs) };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
