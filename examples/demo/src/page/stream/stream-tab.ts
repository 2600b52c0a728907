import type { CameraFrame } from '../../camera/protocol.js';
import type { BackendName, ModelSummary } from '../../worker/protocol.js';
import { Compute } from '../compute.js';
import { button, element, fillOptions, input, select } from '../element.js';
import { attempt, showError } from '../errors.js';
import { latest } from '../latest.js';
import { fetchPackaged, packagedName } from '../packaged.js';
import { Camera } from './camera.js';
import { firstRate, nextRate, type RatePoint, type RateState, rateFront } from './rate-controller.js';
import markup from './stream.html?raw';
import { StreamView } from './stream-view.js';

/** Frame rates to hold. */
const rates = ['5', '10', '15', '20', '30', '60'];
const usualRate = '20';

/** What is known of this device on one backend. */
interface Measured {
  readonly backend: BackendName;
  readonly model: ModelSummary;
  readonly front: readonly RatePoint[];
}

/** The tab that segments a stream and holds its frame rate by moving φ. */
export class StreamTab {
  private readonly compute = new Compute();
  private readonly camera = new Camera((frame) => this.take(frame));
  private readonly view: StreamView;
  private measured: Measured | undefined;
  private state: RateState | undefined;
  private scene = 0;
  private readonly segment = latest((frame: CameraFrame) => this.segmentFrame(frame));

  constructor(
    panel: HTMLElement,
    private readonly backend: () => BackendName,
  ) {
    panel.innerHTML = markup;
    this.view = new StreamView();
    fillOptions(select('stream-rate'), rates);
    select('stream-rate').value = usualRate;
    element('stream-form').addEventListener('submit', (event) => {
      event.preventDefault();
      void attempt(() => this.start());
    });
    select('stream-rate').addEventListener('change', () => this.film());
    button('stream-stop').addEventListener('click', () => this.stop());
    button('stream-next').addEventListener('click', () => {
      this.scene++;
      if (this.state === undefined) void attempt(() => this.start());
      else this.film();
    });
    input('stream-load').addEventListener('input', () => {
      element('stream-load-value').textContent = `${this.load} ms`;
    });
  }

  /** Ends the stream; nobody looks. */
  stop(): void {
    this.camera.stop();
    this.state = undefined;
    this.setRunning(false);
  }

  private async start(): Promise<void> {
    this.setRunning(true);
    try {
      if (this.measured?.backend !== this.backend()) this.measured = await this.measure();
      this.film();
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  private async measure(): Promise<Measured> {
    const backend = this.backend();
    this.view.tell('Loading the model …');
    await this.compute.call('start', { backend });
    const bytes = await fetchPackaged('ultrasound');
    const model = await this.compute.call('openModel', { bytes, name: packagedName('ultrasound'), rank: 2 });
    const onProgress = (share: number) =>
      this.view.tell(`Measuring this device: ${Math.round(10 * share)}0 %`);
    const points = await this.compute.call('calibrate', {}, { onProgress });
    this.view.showLegend(model.labels);
    return { backend, model, front: rateFront(points) };
  }

  /** Films the scene at the chosen rate, from the φ that the measured curve suggests. */
  private film(): void {
    if (this.measured === undefined || !button('stream-start').disabled) return;
    this.state = firstRate(this.measured.front, this.rate);
    this.view.begin(this.rate);
    this.camera.film(this.scene, this.rate);
  }

  private take(frame: CameraFrame): void {
    if (this.state === undefined) return;
    this.view.countCamera();
    this.segment(frame).catch((error) => {
      this.stop();
      showError(error);
    });
  }

  private async segmentFrame({ values }: CameraFrame): Promise<void> {
    if (this.state === undefined || this.measured === undefined) return;
    const { front, model } = this.measured;
    const { at, dice } = front[this.state.place]!;
    const began = performance.now();
    const frame = await this.compute.call(
      'segmentFrame',
      { values, at },
      { transfer: [values.buffer as ArrayBuffer] },
    );
    if (this.load > 0) await new Promise((resolve) => setTimeout(resolve, this.load));
    const milliseconds = performance.now() - began;
    // Stopped, or begun anew, meanwhile.
    if (this.state === undefined) return;
    this.state = nextRate(front, this.state, milliseconds, this.rate);
    this.view.show(frame, { milliseconds, dice, state: this.state, front, size: model.size });
  }

  private get rate(): number {
    return Number(select('stream-rate').value);
  }

  private get load(): number {
    return input('stream-load').valueAsNumber;
  }

  private setRunning(isRunning: boolean): void {
    button('stream-start').disabled = isRunning;
    button('stream-stop').disabled = !isRunning;
  }
}
