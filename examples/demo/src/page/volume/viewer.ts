import { Niivue, NVImage, SLICE_TYPE } from '@niivue/niivue';
import type { LabelStyle } from '../paint.js';

/** How a volume may be looked at. */
export const views = {
  'slices and 3D': SLICE_TYPE.MULTIPLANAR,
  '3D': SLICE_TYPE.RENDER,
  axial: SLICE_TYPE.AXIAL,
  coronal: SLICE_TYPE.CORONAL,
  sagittal: SLICE_TYPE.SAGITTAL,
} as const;
export type ViewName = keyof typeof views;

/** NiiVue with one volume and its labels: all of NiiVue that the page knows. */
export class Viewer {
  private readonly niivue: Niivue;
  private labels: NVImage | undefined;

  /** @param onCross Called with the place of the cross, as shares toward right, front and top. */
  constructor(onCross: (place: readonly number[]) => void) {
    this.niivue = new Niivue({
      backColor: [0, 0, 0, 1],
      crosshairColor: [1, 1, 1, 0.6],
      crosshairWidth: 0.6,
      crosshairWidthUnit: 'percent',
      show3Dcrosshair: false,
      // The page has a drop area of its own.
      dragAndDropEnabled: false,
      isColorbar: false,
      isOrientCube: false,
      logLevel: 'error',
      loadingText: '',
      multiplanarForceRender: true,
    });
    this.niivue.onLocationChange = () => onCross([...this.niivue.scene.crosshairPos]);
  }

  /** @throws {Error} where the browser has no WebGL 2. */
  async attach(canvas: HTMLCanvasElement): Promise<void> {
    if (new OffscreenCanvas(1, 1).getContext('webgl2') === null)
      throw new Error(
        'Volumes are drawn with WebGL 2, which this browser does not offer. Slices of them open in Segment.',
      );
    await this.niivue.attachToCanvas(canvas);
    this.show('slices and 3D');
    this.niivue.setRenderAzimuthElevation(120, 15);
  }

  /** Shows another volume. @param nifti Of bytes; its labels are empty until they are set. */
  async open(nifti: Uint8Array, name: string): Promise<void> {
    const buffer = nifti.buffer as ArrayBuffer;
    for (const volume of [...this.niivue.volumes].reverse()) this.niivue.removeVolume(volume);
    const image = await imageOf(buffer, `${name}.nii`, 'gray');
    image.cal_min = 0;
    image.cal_max = 255;
    const labels = await imageOf(buffer.slice(0), 'labels.nii', 'gray');
    labels.img!.fill(0);
    this.niivue.addVolume(image);
    this.niivue.addVolume(labels);
    this.labels = labels;
  }

  /**
   * Puts labels over the volume.
   *
   * @param values Voxel by voxel in the order of the file. @param styles The background first, which stays transparent.
   */
  paint(values: Uint8Array, styles: readonly LabelStyle[], opacity: number): void {
    if (this.labels === undefined || values.length !== this.labels.img!.length) return;
    this.labels.img!.set(values);
    const channel = (index: 0 | 1 | 2) => styles.map(({ color }) => color[index]);
    this.labels.setColormapLabel({
      R: channel(0),
      G: channel(1),
      B: channel(2),
      A: styles.map(({ isShown }, label) => (label > 0 && isShown ? 255 : 0)),
      I: styles.map((_, label) => label),
    });
    // Draws, too.
    this.niivue.setOpacity(1, opacity);
  }

  show(view: ViewName): void {
    this.niivue.setSliceType(views[view]);
  }

  moveCross(place: readonly [number, number, number]): void {
    this.niivue.scene.crosshairPos = [...place];
    this.niivue.drawScene();
  }

  turn(degrees: number): void {
    this.niivue.setRenderAzimuthElevation(degrees, 15);
  }
}

function imageOf(buffer: ArrayBuffer, name: string, colormap: string): Promise<NVImage> {
  return NVImage.loadFromUrl({ url: buffer, name, colormap, opacity: 1 });
}
