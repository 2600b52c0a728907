// Trains one SSHN on generated images, evaluates every rescaling factor and opens the report: a few minutes on 2 cores.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repository, sshnFromSources } from './run-from-sources.mjs';

// Small enough for two minutes, large enough that accuracy visibly falls as φ goes to 0.
const training = [
  'phantoms:cells:200',
  '--size',
  '96x96',
  '--features',
  '16',
  '--epochs',
  '40',
  '--validate-every',
  '3',
];

/** A folder that no earlier quickstart has used. */
function freeFolder() {
  const names = ['quickstart', ...Array.from({ length: 999 }, (_, i) => `quickstart-${i + 2}`)];
  return join(
    'runs',
    names.find((name) => !existsSync(join(repository, 'runs', name))),
  );
}

/** Shows a page in the browser where there is a desktop; otherwise, or if that fails, does nothing. */
function openOnDesktop(path) {
  const { platform, env } = process;
  const hasDesktop = platform === 'darwin' || platform === 'win32' || env.DISPLAY || env.WAYLAND_DISPLAY;
  if (!hasDesktop || env.CI || !process.stdout.isTTY) return;
  const [program, ...args] =
    platform === 'darwin' ? ['open'] : platform === 'win32' ? ['cmd', '/c', 'start', '""'] : ['xdg-open'];
  const child = spawn(program, [...args, path], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}

async function main() {
  const folder = freeFolder();
  console.log('Training one SSHN on generated images, for every rescaling factor from 0 to 0.5 …\n');
  const trained = await sshnFromSources(['train', ...training, '--out', folder], repository);
  if (trained !== 0) return trained;
  console.log('\nEvaluating 51 rescaling factors …\n');
  const evaluated = await sshnFromSources(['pareto', folder], repository);
  if (evaluated !== 0) return evaluated;
  const page = join(repository, folder, 'pareto', 'report.html');
  console.log(`\nThe accuracy-cost curve, predictions and all numbers:\n  ${pathToFileURL(page)}`);
  openOnDesktop(page);
  return 0;
}

process.exitCode = await main();
