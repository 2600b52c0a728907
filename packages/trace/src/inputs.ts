import { type ParamNode, requireIntegers, type SpecNode, ValueError } from '@sshn/core';
import type {
  DataType,
  Scalar,
  Tensor,
  Tensor1D,
  Tensor2D,
  Tensor3D,
  Tensor4D,
  Tensor5D,
} from '@tensorflow/tfjs-core';

/** A tensor before it exists. Every `ParamSpec` of @sshn/core is one. */
export interface TensorSpec {
  readonly shape: readonly number[];
  /** @default 'float32' */
  readonly dtype?: DataType;
  /** What the tensor is: data, or a weight. @default 'input' */
  readonly kind?: 'input' | 'param';
}

/** An argument of a traced function: one tensor, or tensors by name. */
export type InputTree = TensorSpec | readonly InputTree[] | { readonly [name: string]: InputTree };

/** The tensor type of a shape, by its length. */
type TensorOf<Length extends number> = number extends Length
  ? Tensor
  : Length extends keyof TensorOfRank
    ? TensorOfRank[Length]
    : Tensor;

interface TensorOfRank {
  0: Scalar;
  1: Tensor1D;
  2: Tensor2D;
  3: Tensor3D;
  4: Tensor4D;
  5: Tensor5D;
}

/** The tree of tensors that stands for a tree of specs. */
export type PlaceholderOf<Tree> = SpecNode extends Tree
  ? ParamNode
  : Tree extends TensorSpec
    ? TensorOf<Tree['shape']['length']>
    : { readonly [Name in keyof Tree]: PlaceholderOf<Tree[Name]> };

/** The arguments that a traced function gets. */
export type PlaceholdersOf<Inputs extends readonly InputTree[]> = {
  readonly [Position in keyof Inputs]: PlaceholderOf<Inputs[Position]>;
};

/** Makes the placeholder of one leaf. */
export type MakePlaceholder = (spec: TensorSpec, name: string) => Tensor;

/**
 * Replaces the specs in the arguments by placeholders, each named by its path inside its argument. An argument that is a
 * tensor alone is 'input', or 'input.0', 'input.1', … where there are several.
 *
 * @throws {ValueError} if a shape is not made of integers ≥ 0, or if two leaves have the same name.
 */
export function makePlaceholders<Inputs extends readonly InputTree[]>(
  inputs: Inputs,
  make: MakePlaceholder,
): PlaceholdersOf<Inputs> {
  const names = new Set<string>();
  const leaf = (spec: TensorSpec, name: string): Tensor => {
    if (names.has(name)) {
      throw new ValueError({
        where: 'trace: inputs',
        got: name,
        expected: 'names that differ',
        hint: 'Put the arguments into one record: its keys become part of the names.',
      });
    }
    names.add(name);
    requireIntegers(
      `trace: shape of '${name}'`,
      Object.fromEntries(spec.shape.map((n, i) => [`axis ${i}`, n])),
      0,
    );
    return make(spec, name);
  };
  const build = (tree: InputTree, path: string): unknown => {
    if (isTensorSpec(tree)) return leaf(tree, path);
    const below = (key: string) => (path === '' ? key : `${path}.${key}`);
    if (Array.isArray(tree)) return tree.map((child: InputTree, i) => build(child, below(`${i}`)));
    return Object.fromEntries(
      Object.entries(tree as { [name: string]: InputTree }).map(([key, child]) => [
        key,
        build(child, below(key)),
      ]),
    );
  };
  const isOnlyTensor = inputs.filter(isTensorSpec).length === 1;
  let tensors = 0;
  return inputs.map((tree) => {
    if (!isTensorSpec(tree)) return build(tree, '');
    return leaf(tree, isOnlyTensor ? 'input' : `input.${tensors++}`);
  }) as unknown as PlaceholdersOf<Inputs>;
}

/** Tells a leaf from a branch. */
function isTensorSpec(tree: InputTree): tree is TensorSpec {
  return 'shape' in tree && Array.isArray(tree.shape) && tree.shape.every((n) => typeof n === 'number');
}
