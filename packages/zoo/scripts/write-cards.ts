// Writes the model cards of the README from the model files: pnpm --dir packages/zoo cards
import { readFile, writeFile } from 'node:fs/promises';
import { useFastWasm } from '@sshn/backend-wasm';
import { modelCards } from './cards.js';

await useFastWasm({ threads: 1 });
const readme = new URL('../README.md', import.meta.url);
const text = await readFile(readme, 'utf8');
const cards = await modelCards();
await writeFile(
  readme,
  text.replace(/(?<=<!-- cards -->\n)[\s\S]*(?=<!-- \/cards -->)/, () => `\n${cards}\n\n`),
);
