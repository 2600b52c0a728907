import type { Factor } from '@sshn/core';

/** Dice as the report writes it: 4 decimals, or a dash where it is undefined. */
export function diceText(dice: number | undefined): string {
  return dice === undefined || Number.isNaN(dice) ? '–' : dice.toFixed(4);
}

/** A cost with 3 significant digits or more: 0.0123, 1.23, 123. */
export function costText(cost: number): string {
  return cost >= 100 ? cost.toFixed(0) : cost.toPrecision(3);
}

/** A rescaling factor: two decimals, more where it has more; separate ones one after the other. */
export function factorText(factor: Factor): string {
  if (typeof factor !== 'number') return factor.map(factorText).join(', ');
  const text = String(factor);
  return text.length > 4 ? text : factor.toFixed(2);
}

/** An amount of memory: '3.4 MB', decimal units. */
export function bytesText(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

/** A count with separators: '1,234,567'. */
export function countText(count: number): string {
  return count.toLocaleString('en');
}

/** 'φ = 0.25', never broken between lines. */
export function phiText(factor: Factor): string {
  return `φ\u00a0=\u00a0${factorText(factor)}`;
}
