import type { Outcome } from '../runner/outcome.js';

/** What the table cannot show: who is missing, who has no means for what, whose results were wrong. One line each. */
export function notesOf({ absent, results }: Pick<Outcome, 'absent' | 'results'>): string[] {
  const wrong = results.flatMap(({ work, measurement }) =>
    [...measurement.wrong].map(([peer, reason]) => `WRONG: ${peer}, ${work.name}: ${reason}.`),
  );
  const unsupported = new Map<string, string[]>();
  for (const { work, measurement } of results) {
    for (const [peer, reason] of measurement.unsupported) {
      const key = `${peer} ${reason}`;
      unsupported.set(key, [...(unsupported.get(key) ?? []), work.name]);
    }
  }
  const differences = new Map<string, { relative: number; work: string }>();
  for (const { work, measurement } of results) {
    for (const [peer, relative] of measurement.differences) {
      if (relative >= (differences.get(peer)?.relative ?? 0))
        differences.set(peer, { relative, work: work.name });
    }
  }
  return [
    ...wrong,
    ...[...absent].map(([peer, reason]) => `Absent: ${peer}: ${reason}.`),
    ...[...unsupported].map(([what, works]) => `Left out: ${what} (${inShort(works)}).`),
    ...[...differences].map(
      ([peer, { relative, work }]) =>
        `Same results: ${peer} and ours differ by at most ${relative.toExponential(1)} of a tensor's largest value (${work}).`,
    ),
  ];
}

function inShort(names: readonly string[]): string {
  return names.length <= 2 ? names.join(', ') : `${names[0]} and ${names.length - 1} more`;
}
