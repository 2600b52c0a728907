import { requireIntegers } from '@sshn/core';
import type { FlopReport, ModuleCost, UncountedKernel } from './report/report.js';

/**
 * A count in four digits: 195225 → '195.2 K', 2487378944 → '2.487 G'. K, M, G, T are 10³, 10⁶, 10⁹, 10¹².
 */
export function formatCount(count: number): string {
  return scaled(count, 1000, ['', 'K', 'M', 'G', 'T', 'P']);
}

/** A size in four digits: 8388608 → '8.000 MiB'. 1 KiB is 1024 bytes. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let [amount, unit] = [value, 0];
  // 999.96 K would print as 1000 K.
  while (unit < units.length - 1 && (unit === 0 ? amount >= base : Number(amount.toPrecision(4)) >= base)) {
    amount /= base;
    unit++;
  }
  const digits = unit === 0 ? `${amount}` : amount.toFixed(Math.max(0, 4 - `${Math.floor(amount)}`.length));
  return `${digits} ${units[unit]}`.trimEnd();
}

/** Options of the table. */
export interface TableOptions {
  /** Levels of modules to show below the whole. @default 3 */
  readonly depth?: number;
}

const headings = ['module', 'parameters', 'MACs', 'FLOPs', 'output shape'] as const;

/**
 * The report as text: a row per module in the order in which they ran, and what needs to be said below.
 *
 * K, M, G are 10³, 10⁶, 10⁹.
 *
 * @throws {ValueError} if `depth` is not an integer ≥ 0.
 * @example
 * console.log(formatTable(countModule(network, { inputShape, at: setting(0.25) }), { depth: 1 }));
 */
export function formatTable(report: FlopReport, { depth = 3 }: TableOptions = {}): string {
  requireIntegers('formatTable', { depth }, 0);
  const rows = [[...headings], ...moduleRows(report.byModule, depth)];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        isNumber(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
  const rule = '─'.repeat(widths.reduce((sum, width) => sum + width, 2 * (widths.length - 1)));
  return [lines[0], rule, ...lines.slice(1), rule, ...notes(report)].join('\n');
}

/** Parameters, MACs and FLOPs are aligned at the right. */
function isNumber(column: number): boolean {
  return column >= 1 && column <= 3;
}

function moduleRows(module: ModuleCost, depth: number, level = 0): string[][] {
  const { path, parameters, macs, flops, outputShape, children } = module;
  const cells = [
    '  '.repeat(level) + (path === '' ? 'total' : path),
    formatCount(parameters),
    formatCount(macs),
    formatCount(flops),
    outputShape === undefined ? '' : `[${outputShape.join(', ')}]`,
  ];
  const below = level < depth ? children.flatMap((child) => moduleRows(child, depth, level + 1)) : [];
  return [cells, ...below];
}

function notes(report: FlopReport): string[] {
  const { flops, joined, peakActivationBytes, ignored, unknown, unusedParameters } = report;
  return [
    '1 MAC = 1 multiply-add = 2 FLOPs; FLOPs = 2 · MACs + element-wise operations.',
    ...(joined.flops < flops
      ? [
          `Maps of decoders convolved before they are upsampled: ${formatCount(joined.macs)} MACs, ${formatCount(joined.flops)} FLOPs.`,
        ]
      : []),
    `Activations take ${formatBytes(peakActivationBytes)} at most, parameters apart.`,
    ...(ignored.length > 0 ? [`Free, as they only move elements: ${listed(ignored)}.`] : []),
    ...(unknown.length > 0 ? [`NOT COUNTED, for lack of a rule: ${listed(unknown)}.`] : []),
    ...(unusedParameters.length > 0 ? [`Parameters that nothing uses: ${unusedParameters.join(', ')}.`] : []),
  ];
}

function listed(kernels: readonly UncountedKernel[]): string {
  return kernels.map(({ kernel, calls }) => `${kernel} × ${calls}`).join(', ');
}
