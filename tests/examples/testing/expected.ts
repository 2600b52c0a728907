import { readFileSync } from 'node:fs';

/** The Dice that the README of an example tells to expect at least: “Dice above 0.6”. */
export function toldDice(name: string): number {
  const readme = readFileSync(new URL(`../../../examples/${name}/README.md`, import.meta.url), 'utf8');
  const told = /^What to expect[\s\S]*?Dice\s+above\s+(0\.\d+)/m.exec(readme)?.[1];
  if (told === undefined) throw new Error(`The README of ${name} does not tell which Dice to expect.`);
  return Number(told);
}
