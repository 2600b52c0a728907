/**
 * Parameter trees: one description drives initialization, hypernetwork heads, FLOP counts and file names.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { StructureError, ValueError } from './errors.js';

/** How a parameter starts, as data: samples of a normal distribution around 0, or one constant. */
export type Initializer =
  | { readonly kind: 'normal'; readonly std: number }
  | { readonly kind: 'constant'; readonly value: number };

/** What a parameter is for; decides, for example, what a hypernetwork predicts. */
export type ParamRole = 'kernel' | 'bias' | 'scale' | 'shift';

/** A weight before it exists: which axes it has, what it is for, how it starts. Its name is its path in the tree. */
export interface ParamSpec {
  readonly kind: 'param';
  readonly role: ParamRole;
  /** Axis names in words, one per entry of `shape`. */
  readonly axes: readonly string[];
  readonly shape: readonly number[];
  /** How many inputs are summed into one output of the layer that this parameter belongs to. */
  readonly fanIn: number;
  readonly init: Initializer;
}

/** A node of a tree of specs: a leaf, a list, or a record. */
export type SpecNode = ParamSpec | readonly SpecNode[] | SpecTree;

/** Nested names of parameters. Lists count as records with the names '0', '1', … */
export interface SpecTree {
  readonly [name: string]: SpecNode;
}

/** A tree of tensors whose names are not known to the compiler. */
export type ParamNode = Tensor | readonly ParamNode[] | { readonly [name: string]: ParamNode };

/** The tree of tensors that matches a tree of specs, name by name. */
export type ParamsOf<Specs> = SpecNode extends Specs
  ? ParamNode
  : Specs extends ParamSpec
    ? Tensor
    : { readonly [Name in keyof Specs]: ParamsOf<Specs[Name]> };

/** Tells a leaf from a branch. */
export function isParamSpec(node: unknown): node is ParamSpec {
  return typeof node === 'object' && node !== null && (node as { kind?: unknown }).kind === 'param';
}

/** Leaves of trees already walked: a tree never changes, and a training step asks for its leaves many times. */
const known = new WeakMap<SpecNode, ReadonlyArray<readonly [path: string, spec: ParamSpec]>>();

/**
 * All leaves as `['encoder.0.first.kernel', spec]` in the one canonical order: by path, numbers by value.
 *
 * @throws {ValueError} if two parameters have the same path, as `{ 'a.b': … }` and `{ a: { b: … } }` side by side.
 */
export function namedSpecs(specs: SpecNode): ReadonlyArray<readonly [path: string, spec: ParamSpec]> {
  const cached = known.get(specs);
  if (cached !== undefined) return cached;
  const leaves: Array<[string, ParamSpec]> = [];
  const walk = (node: SpecNode, path: string): void => {
    if (isParamSpec(node)) leaves.push([path, node]);
    else
      for (const key of Object.keys(node)) {
        walk((node as SpecTree)[key]!, path === '' ? key : `${path}.${key}`);
      }
  };
  walk(specs, '');
  leaves.sort(([a], [b]) => comparePaths(a, b));
  requireDistinct(leaves);
  known.set(specs, leaves);
  return leaves;
}

const wholeNumber = /^\d+$/;

/** Orders dotted paths segment by segment, whole numbers first and by value: `stage.2` comes before `stage.10`. */
export function comparePaths(a: string, b: string): number {
  const left = a.split('.');
  const right = b.split('.');
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [l, r] = [left[i]!, right[i]!];
    if (l === r) continue;
    const [leftIsNumber, rightIsNumber] = [wholeNumber.test(l), wholeNumber.test(r)];
    if (leftIsNumber !== rightIsNumber) return leftIsNumber ? -1 : 1;
    const difference = leftIsNumber ? Number(l) - Number(r) : 0;
    return difference !== 0 ? difference : l < r ? -1 : 1;
  }
  return left.length - right.length;
}

/** The tensors of a tree by path, in canonical order. @throws {StructureError} if the tree does not fit the specs. */
export function namedParams<Specs extends SpecNode>(
  specs: Specs,
  params: ParamsOf<Specs>,
): Map<string, Tensor> {
  const found = new Map<string, Tensor>();
  const walk = (node: unknown, path: string): void => {
    if (isTensor(node)) found.set(path, node);
    else if (typeof node === 'object' && node !== null) {
      for (const [key, child] of Object.entries(node)) walk(child, path === '' ? key : `${path}.${key}`);
    }
  };
  walk(params, '');
  checkParams(specs, found);
  return new Map(namedSpecs(specs).map(([path]) => [path, found.get(path)!]));
}

/**
 * Puts tensors by path into the tree of `specs`.
 *
 * @throws {StructureError} if a path is missing, unexpected, or has another shape; lists every offender.
 */
export function paramTree<Specs extends SpecNode>(
  specs: Specs,
  tensors: ReadonlyMap<string, Tensor>,
): ParamsOf<Specs> {
  checkParams(specs, tensors);
  const build = (node: SpecNode, path: string): unknown => {
    if (isParamSpec(node)) return tensors.get(path)!;
    const below = (key: string) => (path === '' ? key : `${path}.${key}`);
    if (Array.isArray(node)) return node.map((child: SpecNode, i) => build(child, below(`${i}`)));
    return Object.fromEntries(
      Object.entries(node as SpecTree).map(([key, child]) => [key, build(child, below(key))]),
    );
  };
  return build(specs, '') as ParamsOf<Specs>;
}

/**
 * Pairs tensors with the specs they are meant for.
 *
 * @throws {StructureError} if a path is missing, unexpected, or has another shape; lists every offender.
 */
export function checkParams(
  specs: SpecNode,
  tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>,
): void {
  const wanted = new Map(namedSpecs(specs));
  const missing = [...wanted.keys()].filter((path) => !tensors.has(path));
  const unexpected = [...tensors.keys()].filter((path) => !wanted.has(path));
  const misshapen = [...wanted]
    .filter(([path, spec]) => tensors.has(path) && tensors.get(path)!.shape.join() !== spec.shape.join())
    .map(([path, spec]) => ({ path, got: tensors.get(path)!.shape, expected: spec.shape }));
  if (missing.length + unexpected.length + misshapen.length > 0) {
    throw new StructureError({ missing, unexpected, misshapen });
  }
}

/** How many numbers a tree of specs holds. */
export function countParams(specs: SpecNode): number {
  return namedSpecs(specs).reduce(
    (sum, [, spec]) => sum + spec.shape.reduce((product, n) => product * n, 1),
    0,
  );
}

/** Names may hold dots (heads are named after paths), as long as no two parameters share a path. */
function requireDistinct(leaves: ReadonlyArray<readonly [path: string, spec: ParamSpec]>): void {
  const twice = leaves.find(([path], i) => i > 0 && leaves[i - 1]![0] === path);
  if (twice !== undefined) {
    throw new ValueError({
      where: 'parameters',
      got: twice[0],
      expected: 'a path of its own for each, but two have this one',
    });
  }
}

function isTensor(node: unknown): node is Tensor {
  return typeof node === 'object' && node !== null && 'dataId' in node && 'shape' in node;
}
