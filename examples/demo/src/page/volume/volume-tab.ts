import type { BackendName, ModelSummary, Segmentation, ShownVolume } from '../../worker/protocol.js';
import { Compute } from '../compute.js';
import { download } from '../download.js';
import { button, canvas, element, fillOptions, input, select } from '../element.js';
import { attempt } from '../errors.js';
import { latest } from '../latest.js';
import { flopsText, millisecondsText } from '../numbers.js';
import { fetchPackaged, packagedName } from '../packaged.js';
import { drawCostCurve } from '../segment/cost-curve.js';
import { contentsOf, wireDrop } from '../segment/drop.js';
import { LabelList } from '../segment/label-list.js';
import { crossControls } from './cross.js';
import { Viewer, type ViewName, views } from './viewer.js';
import markup from './volume.html?raw';

/** A generated volume with something of every label in its middle slices. */
const firstVolume = 63;

/** The tab that shows volumes in slices and in 3D, segmented by a 3D network while φ moves. */
export class VolumeTab {
  private readonly compute = new Compute();
  private readonly labels: LabelList;
  private readonly viewer: Viewer;
  private model: ModelSummary | undefined;
  private backendStarted: BackendName | undefined;
  private segmentation: Segmentation | undefined;
  private number = firstVolume;
  /** Segments and draws at the newest φ; what was overtaken is left out. */
  private readonly segment = latest(async (factor: number) => {
    this.showSegmentation(await this.compute.call('segmentVolume', { at: { factor } }));
  });

  constructor(
    panel: HTMLElement,
    private readonly backend: () => BackendName,
  ) {
    panel.innerHTML = markup;
    this.labels = new LabelList(element('volume-labels'), () => this.repaint());
    const cross = crossControls((place) => this.viewer.moveCross(place));
    this.viewer = new Viewer(cross.show);
    fillOptions(select('volume-view'), Object.keys(views));
    select('volume-view').addEventListener('change', () =>
      this.viewer.show(select('volume-view').value as ViewName),
    );
    input('volume-turn').addEventListener('input', () =>
      this.viewer.turn(input('volume-turn').valueAsNumber),
    );
    input('volume-opacity').addEventListener('input', () => this.repaint());
    input('volume-factor').addEventListener('input', () => void attempt(() => this.moved()));
    for (const [id, step] of [
      ['volume-previous', -1],
      ['volume-next', 1],
    ] as const)
      button(id).addEventListener('click', () => void attempt(() => this.generate(this.number + step)));
    button('volume-mask').addEventListener('click', () => void attempt(() => this.saveMask()));
    wireDrop(element<HTMLElement>('volume-drop'), input('volume-file'), (files) => this.openFiles(files));
  }

  /** Begins, or goes on with the backend that was chosen meanwhile. */
  async show(): Promise<void> {
    const isFirst = this.model === undefined;
    if (this.backendStarted !== this.backend()) {
      this.backendStarted = this.backend();
      await this.compute.call('start', { backend: this.backendStarted });
    }
    if (!isFirst) return this.moved();
    await this.viewer.attach(canvas('volume-canvas'));
    const bytes = await fetchPackaged('volumes');
    this.model = await this.compute.call('openModel', { bytes, name: packagedName('volumes'), rank: 3 });
    this.labels.fill(this.model.labels);
    await this.generate(this.number);
  }

  /** Opens a person's own file, or the files of a series, after the tab was shown. */
  async openFiles(files: readonly File[]): Promise<void> {
    const { contents, transfer } = await contentsOf(files);
    await this.open(await this.compute.call('openVolume', { files: contents }, { transfer }));
  }

  private async generate(number: number): Promise<void> {
    this.number = (number + 1000) % 1000;
    await this.open(await this.compute.call('generateVolume', { number: this.number }));
  }

  private async open({ name, nifti, shape, shownShape }: ShownVolume): Promise<void> {
    this.segmentation = undefined;
    await this.viewer.open(nifti, 'volume');
    element('volume-empty').hidden = true;
    element('volume-name').textContent = `${name}, ${shape.join(' × ')} voxels`;
    const seen = this.model!.size.join(' × ');
    element('volume-note').textContent =
      `The network works in 3D on ${seen} voxels, to which a volume is brought; its labels are brought back` +
      `${shownShape.join() === shape.join() ? '' : `, and both are shown at ${shownShape.join(' × ')}`}. ${this.model!.purpose}`;
    element('volume-dice').textContent = '–';
    element('volume-outside').hidden = true;
    await this.moved();
  }

  private moved(): Promise<void> {
    const factor = input('volume-factor').valueAsNumber;
    element('volume-factor-value').textContent = factor.toFixed(2);
    return this.segment(factor);
  }

  private showSegmentation(segmentation: Segmentation): void {
    this.segmentation = segmentation;
    const { gflops, segmentMilliseconds, dice, outside } = segmentation;
    element('volume-outside').hidden = outside.length === 0;
    element('volume-outside-list').replaceChildren(
      ...outside.map((words) => Object.assign(document.createElement('li'), { textContent: words })),
    );
    element('volume-flops').textContent = flopsText(gflops);
    element('volume-milliseconds').textContent = millisecondsText(segmentMilliseconds);
    element('volume-dice').textContent = dice === undefined ? 'truth unknown' : dice.toFixed(3);
    drawCostCurve(element<SVGSVGElement>('volume-curve'), this.model!.accuracyCost, segmentation);
    this.repaint();
  }

  /** The labels on the volume's own grid, as NIfTI. */
  private async saveMask(): Promise<void> {
    const factor = input('volume-factor').valueAsNumber;
    const { name, bytes } = await this.compute.call('saveVolumeMask', { at: { factor } });
    download(bytes, name);
  }

  private repaint(): void {
    if (this.segmentation === undefined) return;
    this.viewer.paint(this.segmentation.labels, this.labels.styles, input('volume-opacity').valueAsNumber);
  }
}
