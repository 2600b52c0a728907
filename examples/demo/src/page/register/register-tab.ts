import type { BackendName, RegistrationProgress } from '../../worker/protocol.js';
import { Compute } from '../compute.js';
import { button, element, input } from '../element.js';
import { attempt } from '../errors.js';
import { drawViews } from './views.js';

/** Makes the tab that registers work, in a Worker of its own. */
export function wireRegistration(backend: () => BackendName): void {
  let compute: Compute | undefined;
  let stopping = new AbortController();

  element('register-form').addEventListener('submit', (event) => {
    event.preventDefault();
    void attempt(async () => {
      button('register-start').disabled = true;
      button('register-stop').disabled = false;
      stopping = new AbortController();
      try {
        compute ??= new Compute();
        element('register-status').textContent = 'Starting …';
        await compute.call('start', { backend: backend() });
        const request = {
          pair: input('register-pair').valueAsNumber,
          smoothness: 10 ** input('register-smoothness').valueAsNumber,
        };
        await compute.call('register', request, { signal: stopping.signal, onProgress: show });
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
}

function show(progress: RegistrationProgress): void {
  element('gallery').hidden = false;
  drawViews(progress);
  const { iteration, iterations, dice, diceBefore, difference, differenceBefore, foldedPercent } = progress;
  const left = Math.round((100 * difference) / differenceBefore);
  element('register-status').textContent =
    `${iteration} of ${iterations}: Dice ${diceBefore.toFixed(3)} → ${dice.toFixed(3)}, ` +
    `${left} % of the squared difference left, ${foldedPercent.toFixed(2)} % of pixels folded`;
}
