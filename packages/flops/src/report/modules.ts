import type { Graph, GraphTensor } from '@sshn/trace';
import { sizeOf } from '../rules/rule.js';
import { costByKernel } from './kernels.js';
import type { MeasuredNode } from './measure.js';
import type { ModuleCost } from './report.js';

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
