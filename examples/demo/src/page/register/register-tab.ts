import type { BackendName, RegistrationProgress, RegistrationResult } from '../../worker/protocol.js';
import { Compute } from '../compute.js';
import { download } from '../download.js';
import { button, element, input, select } from '../element.js';
import { attempt } from '../errors.js';
import { latest } from '../latest.js';
import { flopsText, millisecondsText } from '../numbers.js';
import { fetchPackaged } from '../packaged.js';
import { pngOf } from '../paint.js';
import { OwnImages } from './own-images.js';
import { drawViews } from './views.js';

/** Makes the tab that registers work, in a Worker of its own. */
export function wireRegistration(backend: () => BackendName): void {
  let compute: Compute | undefined;
  let model: Promise<Uint8Array> | undefined;
  let stopping = new AbortController();
  let result: RegistrationResult | undefined;
  const own = new OwnImages();

  /** @param pictures Of refinement; 0 leaves it out. */
  const register = async (pictures: number) => {
    stopping = new AbortController();
    const isNetworkUsed = input('register-network').checked;
    const { images, transfer } = await own.request();
    compute ??= new Compute();
    await compute.call('start', { backend: backend() });
    model ??= fetchPackaged('registration');
    const request = {
      images,
      similarity: select('register-similarity').value as 'mse' | 'localNcc',
      smoothness: 10 ** input('register-smoothness').valueAsNumber,
      network: isNetworkUsed
        ? { bytes: await model, factor: input('register-factor').valueAsNumber }
        : undefined,
      pictures,
    };
    const told = new Telling();
    const options = {
      signal: stopping.signal,
      onProgress: (progress: RegistrationProgress) => told.show(progress),
      transfer,
    };
    result = await compute.call('register', request, options);
    element('register-downloads').hidden = false;
  };

  element('register-form').addEventListener('submit', (event) => {
    event.preventDefault();
    void attempt(async () => {
      button('register-start').disabled = true;
      button('register-stop').disabled = false;
      element('register-downloads').hidden = true;
      element('register-status').textContent = 'Starting …';
      try {
        await register(Number(select('register-refine').value));
      } catch (error) {
        element('register-status').textContent = 'Registration ended with an error.';
        throw error;
      } finally {
        button('register-start').disabled = false;
        button('register-stop').disabled = true;
      }
    });
  });
  button('register-stop').addEventListener('click', () => stopping.abort());

  // While φ moves, the network alone is shown.
  const alone = latest(async () => register(0));
  input('register-factor').addEventListener('input', () => {
    element('register-factor-value').textContent = input('register-factor').valueAsNumber.toFixed(2);
    if (!button('register-start').disabled) void attempt(alone.bind(undefined, undefined));
  });
  input('register-network').addEventListener('change', () => {
    input('register-factor').disabled = !input('register-network').checked;
  });

  const save = (id: string, name: string, bytesOf: (of: RegistrationResult) => Promise<Uint8Array>) =>
    button(id).addEventListener(
      'click',
      () => void attempt(async () => void (result && download(await bytesOf(result), name))),
    );
  save('save-moved', 'moved.png', ({ moved, size }) => pngOf(moved, size));
  save('save-field', 'field.nii.gz', async ({ field }) => field);
}

/** What is said of one run: the network's part stays beside that of the refinement. */
class Telling {
  private network = '';

  show(progress: RegistrationProgress): void {
    element('gallery').hidden = false;
    drawViews(progress);
    const { iteration, iterations, dice, loss, lossBefore, foldedPixels, size, note, network } = progress;
    element<HTMLProgressElement>('register-progress').value = iterations === 0 ? 1 : iteration / iterations;
    const parts = [
      ...(dice === undefined ? [] : [`Dice ${dice.before.toFixed(3)} → ${dice.after.toFixed(3)}`]),
      `unlikeness ${lossBefore.toPrecision(3)} → ${loss.toPrecision(3)}`,
      foldedText(foldedPixels, size[0] * size[1]),
    ].join(', ');
    if (network !== undefined) {
      const cost = `${flopsText(network.gflops)}, ${millisecondsText(network.milliseconds)}`;
      const way = network.isCloser
        ? ''
        : ' It does not bring these images closer: refinement begins without it.';
      this.network = `Network at φ ${input('register-factor').valueAsNumber.toFixed(2)} (${cost}): ${parts}.${way}`;
    }
    element('register-network-status').textContent = this.network;
    element('register-status').textContent =
      iteration === 0
        ? network === undefined
          ? `Before: ${parts}${noted(note)}`
          : `Network alone${noted(note)}`
        : `Refined, ${iteration} of ${iterations}: ${parts}${noted(note)}`;
  }
}

function noted(note: string): string {
  return note === '' ? '' : ` (${note})`;
}

/** How many pixels fold: never rounded to none. */
export function foldedText(folded: number, pixels: number): string {
  if (folded === 0) return `none of ${pixels} pixels folded`;
  const percent = (100 * folded) / pixels;
  return `${folded} of ${pixels} pixels folded (${percent < 0.01 ? 'below 0.01' : percent.toFixed(2)} %)`;
}
