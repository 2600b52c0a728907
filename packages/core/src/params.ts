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
  /** Of the axis `inChannels`, where it is a concatenation: the channels of each part. A narrower network takes the first of each. */
  readonly parts?: readonly number[];
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
export type ParamsOf<Specs> = Specs extends ParamSpec
  ? Tensor
  : { readonly [Name in keyof Specs]: SpecNode extends Specs[Name] ? ParamNode : ParamsOf<Specs[Name]> };

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
        walk((node as SpecTree)[key]!, below(path, key));
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

/** Tensors of trees already walked: a tree never changes either, and every step of training makes new ones. */
const named = new WeakMap<object, ReadonlyMap<string, Tensor>>();

/**
 * The tensors of a tree by path, `encoder.0.first.kernel`, in canonical order: for files, tables and tests.
 *
 * @throws {ValueError} if two tensors have the same path.
 */
export function namedParams(params: ParamNode): ReadonlyMap<string, Tensor> {
  const cached = named.get(params);
  if (cached !== undefined) return cached;
  const leaves: Array<[path: string, tensor: Tensor]> = [];
  const walk = (node: ParamNode, path: string): void => {
    if (isTensor(node)) leaves.push([path, node]);
    else for (const [key, child] of Object.entries(node)) walk(child, below(path, key));
  };
  walk(params, '');
  leaves.sort(([a], [b]) => comparePaths(a, b));
  requireDistinct(leaves);
  const found = new Map(leaves);
  named.set(params, found);
  return found;
}

/**
 * The tree of specs with tensors that come by path, as a file has them.
 *
 * @throws {StructureError} if a path is missing, unexpected, or has another shape; lists every offender.
 * @example
 * const { params } = await readModelFile('cells.safetensors');   // by path
 * const logits = network.apply(paramTree(network.specs, params), image, setting(0.25));
 */
export function paramTree<Specs extends SpecNode>(
  specs: Specs,
  tensors: ReadonlyMap<string, Tensor>,
): ParamsOf<Specs> {
  checkShapes(specs, tensors);
  return treeOf(specs, (path) => tensors.get(path)!);
}

/** A tree of the structure of `specs`, its tensors made one by one, in canonical order. @throws {ValueError} if two have the same path. */
export function treeOf<Specs extends SpecNode>(
  specs: Specs,
  leafOf: (path: string, spec: ParamSpec) => Tensor,
): ParamsOf<Specs> {
  const byPath = new Map(namedSpecs(specs).map(([path, spec]) => [path, leafOf(path, spec)]));
  const build = (node: SpecNode, path: string): ParamNode => {
    if (isParamSpec(node)) return byPath.get(path)!;
    if (Array.isArray(node)) return node.map((child: SpecNode, i) => build(child, below(path, `${i}`)));
    const entries = Object.entries(node as SpecTree);
    return Object.fromEntries(entries.map(([key, child]) => [key, build(child, below(path, key))]));
  };
  const tree = build(specs, '');
  named.set(tree, byPath);
  return tree as ParamsOf<Specs>;
}

/**
 * A tree of the same structure, each tensor made from the one in its place: `f(tensor, path)`, called in canonical order.
 *
 * @example
 * const half = tidy(() => mapParams(params, (tensor) => mul(tensor, 0.5)));
 */
export function mapParams<Params extends ParamNode>(
  params: Params,
  f: (tensor: Tensor, path: string) => Tensor,
): Params {
  return likeParams(
    params,
    Array.from(namedParams(params), ([path, tensor]) => f(tensor, path)),
  );
}

/**
 * A tree of the same structure with other tensors: the first takes the place of the first in canonical order, and so on.
 * So gradients, or what an optimizer remembers, become trees like the parameters.
 *
 * @throws {ValueError} if there are more or fewer tensors than the tree has.
 * @example
 * const [p, g] = [params, gradients].map((tree) => [...namedParams(tree).values()]);
 * const moved = likeParams(params, p.map((tensor, i) => sub(tensor, mul(g[i], 0.01))));
 */
export function likeParams<Params extends ParamNode>(params: Params, tensors: readonly Tensor[]): Params {
  const paths = [...namedParams(params).keys()];
  if (tensors.length !== paths.length) {
    throw new ValueError({
      where: 'likeParams: tensors',
      got: tensors.length,
      expected: `${paths.length}, one for each of the tree`,
    });
  }
  const byPath = new Map(paths.map((path, i) => [path, tensors[i]!]));
  const build = (node: ParamNode, path: string): ParamNode => {
    if (isTensor(node)) return byPath.get(path)!;
    if (Array.isArray(node)) return node.map((child: ParamNode, i) => build(child, below(path, `${i}`)));
    const entries = Object.entries(node);
    return Object.fromEntries(entries.map(([key, child]) => [key, build(child, below(path, key))]));
  };
  const tree = build(params, '') as Params;
  named.set(tree, byPath);
  return tree;
}

/** Frees all tensors of a tree. */
export function disposeParams(params: ParamNode): void {
  // In any order: sorting the paths of a new tree takes longer than freeing its tensors.
  if (isTensor(params)) params.dispose();
  else for (const child of Object.values(params)) disposeParams(child);
}

/** The specs that a tree of tensors has been checked against. */
const checked = new WeakMap<object, SpecNode>();

/**
 * Checks a tree of tensors where it enters: modules themselves take it as it is.
 *
 * @throws {StructureError} if a path is missing, unexpected, or has another shape; lists every offender.
 */
export function checkParams(specs: SpecNode, params: ParamNode): void {
  if (checked.get(params) === specs) return;
  checkShapes(specs, namedParams(params));
  checked.set(params, specs);
}

/**
 * Checks tensors by path, or what is known of them before they are made.
 *
 * @throws {StructureError} if a path is missing, unexpected, or has another shape; lists every offender.
 */
export function checkShapes(
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

function below(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** Names may hold dots (heads are named after paths), as long as no two parameters share a path. */
function requireDistinct(leaves: ReadonlyArray<readonly [path: string, leaf: unknown]>): void {
  const twice = leaves.find(([path], i) => i > 0 && leaves[i - 1]![0] === path);
  if (twice !== undefined) {
    throw new ValueError({
      where: 'parameters',
      got: twice[0],
      expected: 'a path of its own for each, but two have this one',
    });
  }
}

function isTensor(node: ParamNode): node is Tensor {
  return 'dataId' in node && 'shape' in node;
}
