import type { BackendName, RegistrationProgress, RegistrationResult } from '../../worker/protocol.js';
import { Compute } from '../compute.js';
import { download } from '../download.js';
import { button, element, input, select } from '../element.js';
import { attempt } from '../errors.js';
import { pngOf } from '../paint.js';
import { OwnImages } from './own-images.js';
import { drawViews } from './views.js';

/** Makes the tab that registers work, in a Worker of its own. */
export function wireRegistration(backend: () => BackendName): void {
  let compute: Compute | undefined;
  let stopping = new AbortController();
  let result: RegistrationResult | undefined;
  const own = new OwnImages();

  element('register-form').addEventListener('submit', (event) => {
    event.preventDefault();
    void attempt(async () => {
      button('register-start').disabled = true;
      button('register-stop').disabled = false;
      stopping = new AbortController();
      element('register-downloads').hidden = true;
      element('register-status').textContent = 'Starting …';
      try {
        const { images, transfer } = await own.request();
        compute ??= new Compute();
        await compute.call('start', { backend: backend() });
        const request = {
          images,
          similarity: select('register-similarity').value as 'mse' | 'localNcc',
          smoothness: 10 ** input('register-smoothness').valueAsNumber,
        };
        const options = { signal: stopping.signal, onProgress: show, transfer };
        result = await compute.call('register', request, options);
        element('register-downloads').hidden = false;
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
  const save = (id: string, name: string, bytesOf: (of: RegistrationResult) => Promise<Uint8Array>) =>
    button(id).addEventListener(
      'click',
      () => void attempt(async () => void (result && download(await bytesOf(result), name))),
    );
  save('save-moved', 'moved.png', ({ moved, size }) => pngOf(moved, size));
  save('save-field', 'field.nii.gz', async ({ field }) => field);
}

function show(progress: RegistrationProgress): void {
  element('gallery').hidden = false;
  drawViews(progress);
  const { iteration, iterations, dice, loss, lossBefore, foldedPercent, note } = progress;
  element<HTMLProgressElement>('register-progress').value = iteration / iterations;
  const parts = [
    ...(dice === undefined ? [] : [`Dice ${dice.before.toFixed(3)} → ${dice.after.toFixed(3)}`]),
    `unlikeness ${lossBefore.toPrecision(3)} → ${loss.toPrecision(3)}`,
    `${foldedPercent.toFixed(2)} % of pixels folded`,
  ];
  element('register-status').textContent =
    `${iteration} of ${iterations}: ${parts.join(', ')}${note === '' ? '' : ` (${note})`}`;
}
