import type { Prior } from '@sshn/training';
import { describeConfig } from '../config/describe-config.js';
import { bytesText, costText, countText, phiText } from '../text/numbers.js';
import { type Html, html } from './html.js';
import { methodNames, type ParetoReport } from './report.js';

/** What was trained and measured, on what, with what: enough to do it again. */
export function runSection(report: ParetoReport): Html {
  const { run, data, checkpoint, parameters, environment, activations, points } = report;
  const { prior } = run;
  const times = points.map(({ milliseconds }) => milliseconds);
  const peaks = activations.map(({ factor, bytes }) => `${bytesText(bytes)} at ${phiText(factor)}`);
  const facts: Array<[string, string]> = [
    ['method', methodNames[run.method]],
    ['φ while training', trainedAt(prior)],
    ['network', `${run.architecture}, ${countText(parameters.network)} parameters at any one φ`],
    ['trained parameters', countText(parameters.trained)],
    ['seed', String(run.seed)],
    ['data', `${data.path}: ${data.images} ${data.split} images, ${data.size.join(' × ')} pixels`],
    ['checkpoint', `${checkpoint.file}, ${bytesText(checkpoint.bytes)}, SHA-256 ${checkpoint.sha256}`],
    ['activations', `${peaks.join(', ')} (the most at a time, for one image)`],
    ['memory', `${bytesText(environment.rssBytes)} for the whole process while measuring`],
    [
      'time',
      `median of a forward pass on one image: ${costText(Math.min(...times))} to ${costText(Math.max(...times))} ms on ${environment.machine}, ${environment.backend}`,
    ],
    ['software', `sshn ${environment.sshn}, tfjs ${environment.tfjs}, Node ${environment.node}`],
    ['measured', environment.measuredAt],
  ];
  return html`<section aria-labelledby="run">
<h2 id="run">The run</h2>
<dl class="facts">${facts.map(([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`)}</dl>
<h3>Configuration</h3>
<pre tabindex="0">${describeConfig(report.config)}</pre>
</section>`;
}

function trainedAt(prior: Prior): string {
  if (prior.kind === 'constant') return [prior.factor].flat().join(', ');
  const range = `uniform in [${prior.low}, ${prior.high}]`;
  return prior.factors === undefined
    ? range
    : `${range}, ${prior.factors} independent of each other, one per downsampling step`;
}
