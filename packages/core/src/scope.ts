import { isParamSpec, type SpecNode } from './params.js';
import type { Setting } from './setting.js';

/** A module of whatever input and output: modules of all kinds sit side by side in one tree. */
interface AnyModule {
  readonly specs: SpecNode;
  apply(params: never, input: never, at: Setting): unknown;
}

/** Modules by name: a record, a list, or a nesting of both. */
export type ModuleTree = AnyModule | readonly ModuleTree[] | { readonly [name: string]: ModuleTree };

/** The tree of specs that belongs to a tree of modules. */
export type SpecsIn<Tree> = Tree extends { readonly specs: infer Specs; readonly apply: unknown }
  ? Specs
  : { readonly [Name in keyof Tree]: SpecsIn<Tree[Name]> };

let current = '';
let watcher: ((path: string) => void) | undefined;
let observer: ((path: string, output: unknown) => void) | undefined;

/** The dotted path of the module that is being applied, '' outside of any. Counters and traces read it. */
export function currentScope(): string {
  return current;
}

/** Runs `work` with `name` added to the scope. Synchronous work only. */
export function inScope<T>(name: string, work: () => T): T {
  const outer = current;
  current = outer === '' ? name : `${outer}.${name}`;
  try {
    watcher?.(current);
    const output = work();
    observer?.(current, output);
    return output;
  } finally {
    current = outer;
  }
}

/**
 * Tells the path of every scope as it is entered while `work` runs: how far a network is, layer by layer. Synchronous work
 * only; a watch inside of another takes its place until it ends.
 *
 * @example
 * const logits = watchScopes((path) => console.log(path), () => network.apply(params, volume, at));   // encoder.0, …
 */
export function watchScopes<T>(entered: (path: string) => void, work: () => T): T {
  const outer = watcher;
  watcher = entered;
  try {
    return work();
  } finally {
    watcher = outer;
  }
}

/**
 * Tells the path of every scope as it is left while `work` runs, and what came out of it: the features of every layer. What is to
 * outlive `work` has to be cloned and kept. Synchronous work only; an observation inside of another takes its place until it ends.
 *
 * @example
 * const shapes = new Map();
 * observeScopes((path, output) => shapes.set(path, output.shape), () => network.apply(params, image, at));
 */
export function observeScopes<T>(left: (path: string, output: unknown) => void, work: () => T): T {
  const outer = observer;
  observer = left;
  try {
    return work();
  } finally {
    observer = outer;
  }
}

/**
 * Gathers modules under names: the same tree back, each module entering its scope when applied, and beside it the
 * tree of their specs. So a module's parameters, its rows in tables and its place in errors have one name.
 *
 * @example
 * const { modules, specs } = scoped({ encoder: [conv1, conv2], head });
 * modules.encoder[0].apply(params.encoder[0], x, at);   // inside scope 'encoder.0'
 */
export function scoped<const Tree extends ModuleTree>(
  tree: Tree,
): { readonly modules: Tree; readonly specs: SpecsIn<Tree> } {
  return { modules: wrap(tree, '') as Tree, specs: collect(tree) as SpecsIn<Tree> };
}

function wrap(tree: ModuleTree, path: string): ModuleTree {
  if (isModule(tree)) {
    return {
      ...tree,
      apply: (params: never, input: never, at: Setting) => inScope(path, () => tree.apply(params, input, at)),
    };
  }
  const below = (key: string) => (path === '' ? key : `${path}.${key}`);
  if (Array.isArray(tree)) return tree.map((child: ModuleTree, i) => wrap(child, below(`${i}`)));
  return Object.fromEntries(
    Object.entries(tree).map(([key, child]) => [key, wrap(child as ModuleTree, below(key))]),
  );
}

function collect(tree: ModuleTree): SpecNode {
  if (isModule(tree)) return tree.specs;
  if (Array.isArray(tree)) return tree.map(collect);
  return Object.fromEntries(Object.entries(tree).map(([key, child]) => [key, collect(child as ModuleTree)]));
}

function isModule(tree: ModuleTree): tree is AnyModule {
  return 'apply' in tree && typeof tree.apply === 'function' && 'specs' in tree && !isParamSpec(tree);
}
