/** Losses once more, in float64 and with plain loops, to test against: pixels as rows `[pixels][labels]`. */
export type Rows = readonly (readonly number[])[];

export function softmaxRows(logits: Rows): number[][] {
  return logits.map((row) => {
    const largest = Math.max(...row);
    const exponentials = row.map((z) => Math.exp(z - largest));
    const total = exponentials.reduce((a, b) => a + b);
    return exponentials.map((e) => e / total);
  });
}

export function crossEntropyRows(logits: Rows, truth: Rows): number {
  let loss = 0;
  logits.forEach((row, i) => {
    const largest = Math.max(...row);
    const logTotal = largest + Math.log(row.reduce((sum, z) => sum + Math.exp(z - largest), 0));
    row.forEach((z, l) => {
      loss -= truth[i]![l]! * (z - logTotal);
    });
  });
  return loss / logits.length;
}

export function softDiceRows(
  logits: Rows,
  truth: Rows,
  { power, smooth, label }: { power: number; smooth: number; label: number },
): number {
  const p = softmaxRows(logits).map((row) => row[label]!);
  const t = truth.map((row) => row[label]!);
  let overlap = 0;
  let size = 0;
  p.forEach((value, i) => {
    overlap += value * t[i]!;
    size += value ** power + t[i]! ** power;
  });
  return (2 * overlap + smooth) / (size + smooth);
}
