import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { initialize, Rng } from '@sshn/core';
import { generatePhantoms } from '@sshn/data';
import { type ManifestInput, networkOf, saveModel } from '@sshn/model';
import { useBackend } from '@sshn-internal/testing';
import autocannon from 'autocannon';
import { encode } from 'fast-png';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Running, scratchFolder, start } from './command.js';

const scratch = scratchFolder();
let photo: Buffer;

beforeAll(async () => {
  await useBackend('cpu');
  await mkdir(join(scratch.path, 'runs/cells'), { recursive: true });
  const manifest: ManifestInput = {
    task: 'segmentation',
    network: {
      architecture: 'unet',
      options: { inChannels: 3, outChannels: 3, features: 4, stages: 3 },
    },
    method: { kind: 'stochastic' },
    prior: { kind: 'uniform', low: 0, high: 0.5 },
    preprocessing: { size: [32, 32], channels: 3, intensity: { kind: 'minMax' } },
    labels: [{ name: 'background' }, { name: 'nucleus' }, { name: 'cytoplasm' }],
    accuracyCost: [],
    provenance: { versions: {}, seed: 1, dataset: 'test', date: '2026-01-02T03:04:05.000Z', configHash: 'x' },
  };
  const { specs } = networkOf(manifest);
  const params = initialize(specs, Rng.fromSeed(1));
  const file = await saveModel({ specs, params, manifest });
  await writeFile(join(scratch.path, 'runs/cells/best.safetensors'), file);
  const phantoms = generatePhantoms({ kind: 'cells', count: 1, size: [32, 32], seed: 7 });
  const { image } = await phantoms.load(phantoms.ids[0]!);
  const data = Uint8Array.from(image.values, (value) => Math.round(255 * value));
  photo = Buffer.from(encode({ width: 32, height: 32, channels: image.channels, depth: 8, data }));
  await writeFile(join(scratch.path, 'keys'), '# of the lab\n\nthe key of the lab, long enough\n');
});

/** The address that the command has printed. */
async function addressOf({ child, ended }: Running): Promise<string> {
  let text = '';
  for await (const chunk of child.stderr!.iterator({ destroyOnReturn: false })) {
    text += chunk;
    const address = /serving .* at (http:\S+?),?\s/.exec(text)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error(`The service ended: ${text}${(await ended).stderr}`);
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);

/** Mebibytes that a process has in memory. */
const residentOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** Requests by a client of others, as many at once as are said. */
const load = (address: string, amount: number, connections: number) =>
  autocannon({
    url: `${address}/predict?format=json`,
    method: 'POST',
    body: photo,
    amount,
    connections,
    timeout: 60,
  });

describe.skipIf(process.platform !== 'linux')('sshn serve, under load', () => {
  test('1,000 requests with a worker killed among them: none lost, probes answered, memory flat; SIGTERM', async () => {
    const service = start(
      ['serve', 'runs/cells', '--port', '0', '--workers', '2', '--queue', '64'],
      scratch.path,
    );
    const address = await addressOf(service);
    const ready = async () => (await fetch(`${address}/readyz`)).json() as Promise<{ status: string }>;
    while ((await ready()).status !== 'ready') await new Promise((resolve) => setTimeout(resolve, 100));
    const pid = service.child.pid!;

    const warm = await load(address, 200, 16);
    expect([warm['2xx'], warm.non2xx, warm.errors]).toEqual([200, 0, 0]);
    const before = [pid, ...childrenOf(pid)].map(residentOf);

    // Meanwhile, probes.
    const probes: number[] = [];
    let isOver = false;
    const probing = (async () => {
      while (!isOver) {
        const began = performance.now();
        expect((await fetch(`${address}/healthz`)).status).toBe(200);
        probes.push(performance.now() - began);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
    const rest = load(address, 800, 16);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const [victim, survivor] = childrenOf(pid);
    process.kill(victim!, 'SIGKILL');
    const result = await rest;
    isOver = true;
    await probing;
    expect([result['2xx'], result.non2xx, result.errors, result.timeouts]).toEqual([800, 0, 0, 0]);
    const numbers = await (await fetch(`${address}/metrics`)).text();
    expect(numbers).toContain('sshn_worker_deaths_total 1');
    expect(Number(/^sshn_prediction_seconds_count\{.*\} (\d+)$/m.exec(numbers)?.[1])).toBe(1000);

    // 50 ms on a machine that has nothing else to do; benchmarks/serve measures it.
    const sorted = probes.toSorted((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(250);

    expect(residentOf(pid) - before[0]!).toBeLessThan(60);
    expect(residentOf(survivor!) - before[1 + [victim, survivor].indexOf(survivor)]!).toBeLessThan(60);
    while ((await ready()).status !== 'ready') await new Promise((resolve) => setTimeout(resolve, 100));
    expect(childrenOf(pid)).not.toContain(victim);

    // SIGTERM while requests are worked on: all of them are answered.
    const flying = Array.from({ length: 24 }, () =>
      fetch(`${address}/predict?flips=true`, { method: 'POST', body: new Uint8Array(photo) }),
    );
    const inFlight = async () => {
      const text = await (await fetch(`${address}/metrics`)).text();
      const count = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
      return (
        count('sshn_prediction_seconds_count{model="cells"}') -
        1000 +
        count('sshn_queue_length') +
        count('sshn_workers{state="busy"}')
      );
    };
    while ((await inFlight()) < 24) await new Promise((resolve) => setTimeout(resolve, 5));
    service.child.kill('SIGTERM');
    const statuses = await Promise.all(flying.map(async (one) => (await one).status));
    expect(statuses).toEqual(Array(24).fill(200));
    const { code, stderr } = await service.ended;
    expect([code, stderr]).toEqual([0, expect.stringContaining('finishing the requests in flight')]);
    await expect(fetch(`${address}/healthz`)).rejects.toThrow();
  });

  test('keys from a file, names for models; a second signal ends it at once', async () => {
    const args = ['serve', 'a=runs/cells', 'runs/cells/best.safetensors', '--port', '0', '--workers', '1'];
    const service = start([...args, '--api-key-file', 'keys', '--target-p95', '500'], scratch.path);
    const address = await addressOf(service);
    expect((await fetch(`${address}/models`)).status).toBe(401);
    const headers = { authorization: 'Bearer the key of the lab, long enough' };
    const models = (await (await fetch(`${address}/models`, { headers })).json()) as { name: string }[];
    expect(models.map(({ name }) => name)).toEqual(['a', 'best']);
    // A request that never ends keeps it.
    const stuck = fetch(`${address}/predict?model=a`, {
      method: 'POST',
      headers,
      body: new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(8)) }),
      duplex: 'half',
    } as RequestInit).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const workers = childrenOf(service.child.pid!);
    service.child.kill('SIGTERM');
    await service.writes('finishing the requests in flight');
    service.child.kill('SIGTERM');
    expect((await service.ended).code).toBe(143);
    await stuck;
    // Its workers end with it.
    const isThere = (pid: number) => {
      try {
        process.kill(pid, 0);
        return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
      } catch {
        return false;
      }
    };
    const end = performance.now() + 20_000;
    while (workers.some(isThere) && performance.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(workers.filter(isThere)).toEqual([]);
  });
});
