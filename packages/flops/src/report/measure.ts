import { sizeOf } from '@sshn/ops';
import type { Graph, GraphNode, GraphTensor } from '@sshn/trace';
import { workByRule } from '../rules/rules.js';
import type { Cost, KernelCost, ModuleCost, UncountedKernel } from './report.js';

/** A node with its cost. */
export interface MeasuredNode extends Cost {
  readonly node: GraphNode;
}

/** The cost of every node that has one, and the kernels without. */
export function measure({ nodes }: Graph): {
  counted: MeasuredNode[];
  ignored: UncountedKernel[];
  unknown: UncountedKernel[];
} {
  const counted: MeasuredNode[] = [];
  const ignored = new Tally();
  const unknown = new Tally();
  for (const node of nodes) {
    const work = workByRule(node);
    if (work === undefined) unknown.add(node);
    else if (work === 'free') ignored.add(node);
    else {
      const { macs = 0, elementwise = 0 } = work;
      counted.push({ node, macs, flops: 2 * macs + elementwise });
    }
  }
  return { counted, ignored: ignored.rows(), unknown: unknown.rows() };
}

/** Runs by kernel. */
class Tally {
  readonly #calls = new Map<string, { calls: number; modules: Set<string> }>();

  add({ kernel, scope }: GraphNode): void {
    const entry = this.#calls.get(kernel) ?? { calls: 0, modules: new Set() };
    entry.calls++;
    entry.modules.add(scope);
    this.#calls.set(kernel, entry);
  }

  rows(): UncountedKernel[] {
    return [...this.#calls].map(([kernel, { calls, modules }]) => ({ kernel, calls, modules: [...modules] }));
  }
}

/** Sums by kernel, the most expensive first. */
export function costByKernel(measured: readonly MeasuredNode[]): KernelCost[] {
  const sums = new Map<string, KernelCost>();
  for (const { node, macs, flops } of measured) {
    const { kernel } = node;
    const sum = sums.get(kernel) ?? { kernel, calls: 0, macs: 0, flops: 0 };
    sums.set(kernel, { kernel, calls: sum.calls + 1, macs: sum.macs + macs, flops: sum.flops + flops });
  }
  return [...sums.values()].sort((a, b) => b.flops - a.flops);
}

/** A module while its sums are being made. */
interface Module {
  readonly path: string;
  readonly children: Module[];
  readonly measured: MeasuredNode[];
  parameters: number;
  last: GraphTensor | undefined;
}

/**
 * The tree of modules by the scopes of the nodes. A node counts in its module and in all around it; a parameter in the
 * module that is the first to read it, one that nothing reads in the whole only.
 */
export function costByModule(graph: Graph, measured: readonly MeasuredNode[]): ModuleCost {
  const modules = new Map<string, Module>();
  const root = open('', modules);
  const unread = new Set(graph.leaves.filter(({ origin }) => origin.kind === 'parameter'));
  for (const node of graph.nodes) {
    const within = lineage(open(node.scope, modules), modules);
    for (const module of within) module.last = node.outputs.at(-1);
    for (const tensor of Object.values(node.inputs)) {
      if (!unread.delete(tensor)) continue;
      for (const module of within) module.parameters += sizeOf(tensor);
    }
  }
  for (const tensor of unread) root.parameters += sizeOf(tensor);
  for (const cost of measured) {
    for (const module of lineage(modules.get(cost.node.scope)!, modules)) module.measured.push(cost);
  }
  root.last = graph.outputs[0]?.tensor ?? root.last;
  return close(root);
}

/** The module of a path, made with those around it if it is new. */
function open(path: string, modules: Map<string, Module>): Module {
  const known = modules.get(path);
  if (known !== undefined) return known;
  const module: Module = { path, children: [], measured: [], parameters: 0, last: undefined };
  modules.set(path, module);
  if (path !== '') open(parentOf(path), modules).children.push(module);
  return module;
}

/** A module and those around it. */
function lineage(module: Module, modules: ReadonlyMap<string, Module>): Module[] {
  if (module.path === '') return [module];
  return [module, ...lineage(modules.get(parentOf(module.path))!, modules)];
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('.')));
}

function close({ path, children, measured, parameters, last }: Module): ModuleCost {
  return {
    path,
    parameters,
    macs: measured.reduce((sum, { macs }) => sum + macs, 0),
    flops: measured.reduce((sum, { flops }) => sum + flops, 0),
    outputShape: last?.shape,
    byKernel: costByKernel(measured),
    children: children.map(close),
  };
}
