import { cpus } from 'node:os';
import { getBackend, version_core } from '@tensorflow/tfjs-core';
import description from '../../package.json' with { type: 'json' };
import type { Environment } from '../pareto/report-data.js';

/** The processor and how many of its cores are visible: 'AMD EPYC 9R14, 2 cores'. */
export function machine(): string {
  const cores = cpus();
  const model = cores[0]?.model.trim().replace(/\s+/g, ' ') || 'unknown processor';
  return `${model}, ${cores.length} ${cores.length === 1 ? 'core' : 'cores'}`;
}

/** Where and with what something is measured, now. */
export function environment(backend: string): Environment {
  return {
    sshn: version,
    tfjs: version_core,
    node: process.versions.node,
    backend,
    machine: machine(),
    rssBytes: process.memoryUsage.rss(),
    measuredAt: new Date().toISOString(),
  };
}

/** Versions and machine, for the report of a defect. */
export function diagnostics(): string {
  return [
    `sshn ${version}, tfjs ${version_core}, Node ${process.versions.node}`,
    `${process.platform} ${process.arch}, ${machine()}, backend ${getBackend() || 'none yet'}`,
  ].join('\n');
}

/** The version of this package. */
export const version: string = description.version;
