import { type AccuracyCostPoint, type NamedSetting, settingKey, settingText } from '@sshn/model';
import type { ModelSummary, Picture, Resolution, Segmentation } from '../../worker/protocol.js';
import type { Compute } from '../compute.js';
import { download } from '../download.js';
import { button, element, input, select } from '../element.js';
import { attempt } from '../errors.js';
import { latest } from '../latest.js';
import { flopsText, millisecondsText, RecentMedian } from '../numbers.js';
import { wireBudget } from './budget.js';
import { drawCostCurve } from './cost-curve.js';
import { contentsOf, wireDrop } from './drop.js';
import { LabelList } from './label-list.js';
import { PictureView } from './picture-view.js';
import { drawScales } from './scales.js';
import { wireSlices } from './slices.js';

/** The tab that segments an image while φ moves. */
export class SegmentTab {
  private model: ModelSummary | undefined;
  private number = 0;
  private picture: Picture | undefined;
  private segmentation: Segmentation | undefined;
  /** Where the page stands, and the settings among which the front's slider moves. */
  private at: NamedSetting = { factor: 0.25 };
  private front: readonly AccuracyCostPoint[] = [];
  private readonly imageTime = new RecentMedian();
  private readonly weightsTime = new RecentMedian();
  private readonly labels = new LabelList(element('labels'), () => this.view.redraw());
  private readonly view = new PictureView(this.labels);
  private readonly budget;
  private readonly slices;
  /** Segments at the newest setting; what was overtaken is left out. */
  private readonly segment;
  /** A volume of which a slice is open. */
  private volumeFiles: readonly File[] | undefined;

  /** @param toVolumes Opens a volume in the tab for them. */
  constructor(
    private readonly compute: Compute,
    toVolumes: (files: readonly File[]) => Promise<void>,
  ) {
    this.segment = latest(async (at: NamedSetting) => {
      const onProgress = (share: number) => tellProgress('segment-progress', share);
      const asked = { at, resolution: this.resolution, isUnsureShown: input('unsure').checked };
      this.show(await compute.call('segment', asked, { onProgress }));
    });
    this.budget = wireBudget({
      compute,
      manifestPoints: () => this.model?.accuracyCost ?? [],
      choose: (at) => this.moveTo(at),
    });
    this.slices = wireSlices(compute, (picture) => this.open(picture));
    input('opacity').addEventListener('input', () => this.view.redraw());
    select('resolution').addEventListener('change', () => void attempt(() => this.moved()));
    input('unsure').addEventListener('change', () => void attempt(() => this.moved()));
    button('save-mask').addEventListener('click', () => void attempt(() => this.saveMask()));
    button('zoom').addEventListener('click', () => {
      const isActual = element('drop').classList.toggle('actual');
      button('zoom').setAttribute('aria-pressed', `${isActual}`);
      element('drop').tabIndex = isActual ? 0 : -1;
    });
    input('factor').addEventListener(
      'input',
      () => void attempt(() => this.moveTo({ ...this.at, factor: input('factor').valueAsNumber })),
    );
    input('front').addEventListener(
      'input',
      () => void attempt(() => this.moveTo(this.front[input('front').valueAsNumber]!)),
    );
    wireDrop(element<HTMLElement>('drop'), input('file'), (files) => this.openFiles(files));
    button('to-volumes').addEventListener(
      'click',
      () => void attempt(async () => void (this.volumeFiles && (await toVolumes(this.volumeFiles)))),
    );
    wireDrop(undefined, input('model-file'), ([file]) => this.openModelFile(file));
    for (const [id, step] of [
      ['previous', -1],
      ['next', 1],
    ] as const)
      button(id).addEventListener('click', () => void attempt(() => this.generate(this.number + step)));
    button('save-model').addEventListener('click', () => void attempt(() => this.save(undefined)));
    button('save-specialized').addEventListener('click', () => void attempt(() => this.save(this.at)));
  }

  /** Opens a model and images that suit it. */
  async openModel(bytes: Uint8Array, name: string): Promise<void> {
    const model = await this.compute.call('openModel', { bytes, name, rank: 2 });
    const suited = this.model?.dataset;
    this.model = model;
    this.labels.fill(model.labels);
    this.forget();
    this.budget.suggest();
    const [low, high] = model.range;
    const isFixed = low === high;
    Object.assign(input('factor'), {
      min: `${isFixed ? 0 : low}`,
      max: `${isFixed ? 1 : high}`,
      disabled: isFixed,
    });
    this.front = frontOf(model.accuracyCost);
    this.at = this.front.at(-1) ?? { factor: isFixed ? low : Math.min(high, Math.max(low, 0.25)) };
    element('front-row').hidden = this.front.length === 0;
    Object.assign(input('front'), { max: `${Math.max(0, this.front.length - 1)}` });
    button('save-specialized').disabled = isFixed;
    input('unsure').checked = false;
    element('unsure-row').hidden = model.cascade.length === 0;
    element('unsure-settings').textContent = model.cascade.map((at) => `φ ${settingText(at)}`).join(' and ');
    element('model').textContent =
      `${model.name}: ${isFixed ? `a plain network for φ = ${low}` : `φ from ${low} to ${high}`}, ` +
      `${(model.bytes / 1e6).toFixed(2)} MB, sees ${model.size[1]} × ${model.size[0]} pixels, trained on ${model.dataset}.`;
    element('purpose').textContent = model.purpose;
    element('curve-caption').textContent = captionOf(model);
    // A person's own image stays, to be segmented anew.
    if (suited !== model.dataset && this.picture?.isOwn !== true) await this.generate(0);
    else await this.moved();
  }

  /** Nothing that was said of another model stands any longer. */
  private forget(): void {
    this.budget.forget();
    this.imageTime.clear();
    this.weightsTime.clear();
    this.segmentation = undefined;
    for (const id of ['flops', 'milliseconds', 'specialize', 'dice', 'predicted'])
      element(id).textContent = '–';
    element('outside').hidden = true;
    this.drawCurve();
  }

  /** Another backend runs: what was measured holds no longer. */
  async backendChanged(): Promise<void> {
    this.budget.forget();
    this.imageTime.clear();
    this.weightsTime.clear();
    if (this.model !== undefined) await this.moved();
  }

  private async generate(number: number): Promise<void> {
    this.number = (number + 1000) % 1000;
    const kind = this.model?.labels.some(({ name }) => name === 'hollow') ? 'blobs' : 'cells';
    await this.open(await this.compute.call('generate', { kind, number: this.number }));
  }

  private async openFiles(files: readonly [File, ...File[]]): Promise<void> {
    if (files[0].name.endsWith('.safetensors')) return this.openModelFile(files[0]);
    const { contents, transfer } = await contentsOf(files);
    const picture = await this.compute.call('openPicture', { files: contents }, { transfer });
    this.volumeFiles = picture.slice === undefined ? undefined : files;
    await this.open(picture);
  }

  private async openModelFile(file: File): Promise<void> {
    await this.openModel(new Uint8Array(await file.arrayBuffer()), file.name);
  }

  private async open(picture: Picture): Promise<void> {
    this.picture = picture;
    this.slices.show(picture.slice);
    this.view.showPicture(picture);
    element('resolution-row').hidden = !picture.isOwn;
    // Until this picture is segmented, nothing that was said of the last one stands beside it.
    for (const id of ['dice', 'predicted']) element(id).textContent = '–';
    element('outside').hidden = true;
    await this.moved();
  }

  private async moveTo(at: NamedSetting): Promise<void> {
    // How sure it is, is told by the settings of the model's cascade, and by no other.
    input('unsure').checked = false;
    this.tellSetting(at);
    await this.moved();
  }

  private moved(): Promise<void> {
    this.tellSetting(this.at);
    return this.segment(this.at);
  }

  /** Where the page stands from now on, beside its sliders. */
  private tellSetting({ factor: given, width = 1, resolution = 1 }: NamedSetting): void {
    this.at = { factor: given, width, resolution };
    input('factor').value = `${[given].flat()[0]!}`;
    const place = this.front.findIndex((point) => settingKey(point) === settingKey(this.at));
    if (place >= 0) input('front').value = `${place}`;
    const { at, model } = this;
    const factor = [at.factor].flat()[0]!;
    element('factor-value').textContent = factor.toFixed(2);
    element('front-value').textContent = `φ ${settingText(at)}`;
    if (model !== undefined) {
      const size = model.size.map((edge) => Math.max(1, Math.round(edge * (at.resolution ?? 1))));
      drawScales(element<SVGSVGElement>('scales'), { ...model, size }, factor);
    }
  }

  private show(segmentation: Segmentation): void {
    this.segmentation = segmentation;
    this.view.showSegmentation(segmentation);
    const { at, gflops, segmentMilliseconds, specializeMilliseconds, dice, outside, unsure } = segmentation;
    // Unless a slider was moved meanwhile.
    if (unsure !== undefined && input('unsure').checked) this.tellSetting(at);
    element('predicted-row').hidden = unsure === undefined;
    element('predicted').textContent = predictedText(unsure);
    element('flops').textContent = flopsText(gflops);
    const milliseconds = unsure === undefined ? this.imageTime.add(segmentMilliseconds) : segmentMilliseconds;
    element('milliseconds').textContent = millisecondsText(milliseconds);
    if (specializeMilliseconds !== undefined)
      element('specialize').textContent = millisecondsText(this.weightsTime.add(specializeMilliseconds));
    element('dice').textContent = dice === undefined ? 'truth unknown' : dice.toFixed(3);
    element('segment-progress').textContent = '';
    element('outside').hidden = outside.length === 0;
    element('outside-list').replaceChildren(
      ...outside.map((words) => Object.assign(document.createElement('li'), { textContent: words })),
    );
    this.drawCurve();
  }

  private get resolution(): Resolution {
    return this.picture?.isOwn === true ? (select('resolution').value as Resolution) : 'training';
  }

  /** The labels on the image's own grid: PNG, or NIfTI for all slices of a volume. */
  private async saveMask(): Promise<void> {
    const onProgress = (share: number) => tellProgress('mask-progress', share);
    try {
      const argument = { at: this.at, resolution: this.resolution };
      const { name, bytes } = await this.compute.call('saveMask', argument, { onProgress });
      download(bytes, name);
    } finally {
      element('mask-progress').textContent = '';
    }
  }

  private drawCurve(): void {
    const points: readonly AccuracyCostPoint[] = this.model?.accuracyCost ?? [];
    drawCostCurve(element<SVGSVGElement>('curve'), points, this.segmentation);
  }

  private async save(at: NamedSetting | undefined): Promise<void> {
    const bytes = await this.compute.call('saveModel', { at });
    const stem = this.model!.name.replace(/\.safetensors$/, '');
    const setting =
      at === undefined ? '' : `-phi-${settingText(at).replaceAll(', ', '-').replaceAll(' ', '-')}`;
    download(bytes, `${stem}${setting}.safetensors`);
  }
}

/** What Dice is expected, give or take its error on images that it was not fitted to. */
function predictedText(unsure: Segmentation['unsure']): string {
  if (unsure === undefined) return '–';
  return unsure.dice === null ? 'no label found' : `${unsure.dice.toFixed(3)} ± ${unsure.error.toFixed(3)}`;
}

function tellProgress(id: string, share: number): void {
  element(id).textContent = share < 1 ? `${Math.floor(100 * share)} %` : '';
}

/** The settings of a model with several knobs that are worth their cost, the cheapest first; of others none. */
function frontOf(points: readonly AccuracyCostPoint[]): readonly AccuracyCostPoint[] {
  const hasKnobs = points.some(({ width = 1, resolution = 1 }) => width !== 1 || resolution !== 1);
  return hasKnobs ? points.toSorted((a, b) => (a.gflops ?? 0) - (b.gflops ?? 0)) : [];
}

/** Where the Dice of the curve comes from. */
function captionOf({ accuracyCost, dataset, name }: ModelSummary): string {
  if (accuracyCost.length === 0) return `${name} holds no Dice by φ; \`sshn pareto\` measures it for a run.`;
  return `Mean Dice on images of “${dataset}” held out of training, as ${name} tells, against the cost of one image.`;
}
