import type { BackendName, TrainingProgress, TrainingRequest } from '../../worker/protocol.js';
import { Compute } from '../compute.js';
import { drawPlot } from '../curve-plot.js';
import { download } from '../download.js';
import { button, element, input, select } from '../element.js';
import { attempt } from '../errors.js';
import { drawCostCurve } from '../segment/cost-curve.js';
import { FolderChoice } from './folder.js';

/** Makes the tab that trains work. It has a Worker of its own, so that the other tabs stay quick. */
export function wireTraining(
  backend: () => BackendName,
  use: (bytes: Uint8Array, name: string) => Promise<void>,
): void {
  let compute: Compute | undefined;
  let stopping = new AbortController();
  let trained: { readonly bytes: Uint8Array; readonly name: string } | undefined;
  const folder = new FolderChoice();

  const run = async () => {
    const request = await requested(folder);
    const name = 'kind' in request.images ? request.images.kind : request.images.folder.name;
    const losses: number[] = [];
    stopping = new AbortController();
    compute ??= new Compute();
    element('train-status').textContent = 'Starting …';
    await compute.call('start', { backend: backend() });
    const bytes = await compute.call('train', request, {
      signal: stopping.signal,
      onProgress: (progress) => {
        losses.push(progress.loss);
        show(progress, losses);
      },
    });
    trained = { bytes, name: `trained-${name}.safetensors` };
    const how = losses.length < request.steps ? 'Stopped' : 'Trained';
    element('train-status').textContent =
      `${how} after ${losses.length} steps, loss ${losses.at(-1)!.toFixed(3)}; ` +
      `the model has ${(bytes.length / 1e6).toFixed(2)} MB.`;
  };

  element('train-form').addEventListener('submit', (event) => {
    event.preventDefault();
    void attempt(async () => {
      setRunning(true);
      try {
        await run();
      } catch (error) {
        element('train-status').textContent = 'Training ended with an error.';
        throw error;
      } finally {
        setRunning(false);
        for (const id of ['train-use', 'train-save']) button(id).disabled = trained === undefined;
      }
    });
  });
  button('train-stop').addEventListener('click', () => stopping.abort());
  button('train-save').addEventListener('click', () => download(trained!.bytes, trained!.name));
  button('train-use').addEventListener('click', () => void attempt(() => use(trained!.bytes, trained!.name)));
  drawPlot(element<SVGSVGElement>('loss-plot'), lossPlot([]));
  drawCostCurve(element<SVGSVGElement>('train-curve'), []);
}

async function requested(folder: FolderChoice): Promise<TrainingRequest> {
  const kind = select('train-kind').value;
  return {
    images:
      kind === 'own'
        ? { folder: await folder.contents(), edge: input('train-size').valueAsNumber }
        : { kind: kind as 'cells' | 'blobs' },
    steps: input('train-steps').valueAsNumber,
    features: input('train-features').valueAsNumber,
  };
}

function setRunning(isRunning: boolean): void {
  button('train-start').disabled = isRunning;
  button('train-stop').disabled = !isRunning;
}

function show(progress: TrainingProgress, losses: readonly number[]): void {
  const { step, steps, loss, factor, imagesPerSecond, curve, note } = progress;
  element('train-note').textContent = note;
  element<HTMLProgressElement>('train-progress').value = step / steps;
  element('train-status').textContent =
    `Step ${step} of ${steps} at φ = ${factor.toFixed(2)}: loss ${loss.toFixed(3)}, ` +
    `${imagesPerSecond.toFixed(0)} images per second`;
  drawPlot(element<SVGSVGElement>('loss-plot'), lossPlot(losses));
  if (curve !== undefined) drawCostCurve(element<SVGSVGElement>('train-curve'), curve, undefined, [0, 1]);
}

/** At most this many points, each the mean of as many steps as it takes. */
const mostPoints = 150;

function lossPlot(losses: readonly number[]): Parameters<typeof drawPlot>[1] {
  const perPoint = Math.max(1, Math.ceil(losses.length / mostPoints));
  const points = Array.from({ length: Math.ceil(losses.length / perPoint) }, (_, i) => {
    const part = losses.slice(i * perPoint, (i + 1) * perPoint);
    return { x: i * perPoint + part.length, y: part.reduce((sum, loss) => sum + loss, 0) / part.length };
  });
  const last = points.at(-1);
  return {
    points,
    xLabel: 'step',
    yLabel: 'loss',
    hasMarks: false,
    description: last === undefined ? 'Loss: no step yet' : `Loss at step ${last.x}: ${last.y.toFixed(3)}`,
  };
}
