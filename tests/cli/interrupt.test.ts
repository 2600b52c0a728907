import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inShell, printedCommand, scratchFolder, small, sshn, start } from './command.js';

const scratch = scratchFolder();
const train = (folder: string) => [
  'train',
  'phantoms:cells:16',
  ...small,
  '--epochs',
  '6',
  '--batch-size',
  '2',
  '--out',
  folder,
];

/** What was measured in each epoch, but for times. */
async function course(folder: string) {
  const lines = (await readFile(join(scratch.path, folder, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  return lines.map((line) => {
    const { epoch, loss, validation } = JSON.parse(line);
    return { epoch, loss, validation };
  });
}

test('a folder that a process trains in is refused to a second one, until the first has ended', async () => {
  const long = [...train('shared'), '--epochs', '1000'];
  const first = start(long, scratch.path);
  await first.writes('epoch    1/1000');
  const second = await sshn(long, scratch.path);
  expect(second.code).toBe(1);
  expect(second.stderr).toContain(`process ${first.child.pid} is training in this folder`);
  first.child.kill('SIGKILL');
  await first.ended;
  const epochs = (await course('shared')).map(({ epoch }) => epoch);
  expect(epochs).toEqual(epochs.map((_, i) => i));
  // A lock that a dead process left does not hold.
  const third = start(long, scratch.path);
  await third.writes('resuming after epoch');
  third.child.kill('SIGINT');
  expect((await third.ended).code).toBe(130);
});

test('Ctrl-C leaves a checkpoint and says how to go on; going on ends as if nothing had happened', async () => {
  const running = start(train('cut'), scratch.path);
  await running.writes('epoch 2/6');
  running.child.kill('SIGINT');
  const { code, stdout, stderr } = await running.ended;
  expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
  expect(stdout).toContain('stopping after this step, with a checkpoint');
  expect(stdout).toMatch(
    /interrupted in epoch \d, with a checkpoint\..*\nGo on with: sshn train --resume cut --threads 1\n$/,
  );
  const before = await course('cut');
  expect(before.length).toBeGreaterThanOrEqual(2);
  expect(before.length).toBeLessThan(6);

  const resumed = await inShell(printedCommand({ stdout, stderr }), scratch.path);
  expect(resumed).toMatchObject({ code: 0, stderr: '' });
  expect(resumed.stdout).toContain(`resuming after epoch ${before.length} of 6`);
  expect(resumed.stdout).toContain('finished after 6 epochs.');

  expect((await sshn(train('whole'), scratch.path)).code).toBe(0);
  expect(await course('cut')).toEqual(await course('whole'));
});

test('SIGTERM does the same, with its own exit code', async () => {
  const running = start(train('terminated'), scratch.path);
  await running.writes('epoch 1/6');
  running.child.kill('SIGTERM');
  const { code, stdout } = await running.ended;
  expect(code).toBe(143);
  expect(stdout).toContain('Go on with: sshn train --resume terminated');
});

test('a second Ctrl-C ends it at once', async () => {
  // Small images make short steps, many features a large checkpoint: the second signal comes while it is written.
  const slow = [
    'train',
    'phantoms:cells:16',
    '--size',
    '16x16',
    '--epochs',
    '500',
    '--threads',
    '1',
    '--out',
    'slow',
  ];
  const running = start(slow, scratch.path);
  await running.writes('parameters');
  running.child.kill('SIGINT');
  await running.writes('stopping');
  running.child.kill('SIGINT');
  const { code, stdout } = await running.ended;
  expect(code).toBe(130);
  expect(stdout).not.toContain('Go on with');
});
