import type { Picture, Segmentation } from '../../worker/protocol.js';
import { canvas, element, input } from '../element.js';
import { drawRaster, overlayOf, unsureRaster } from '../paint.js';
import type { LabelList } from './label-list.js';

/** Longest edge that the canvas has at least, in its own pixels: pixels of smaller images are repeated. */
const leastEdge = 512;

/** The image with the segmentation over it. */
export class PictureView {
  private picture: Picture | undefined;
  private segmentation: Segmentation | undefined;
  private frame = 0;

  constructor(private readonly labels: LabelList) {}

  showPicture(picture: Picture): void {
    const [height, width] = picture.raster.size;
    const repeat = Math.max(1, Math.ceil(leastEdge / Math.max(height, width)));
    Object.assign(canvas('picture'), { width: width * repeat, height: height * repeat });
    element('picture-name').textContent = picture.name;
    const own = [...picture.size].reverse().join(' × ');
    const shown = picture.raster.size.join() === picture.size.join() ? '' : `, shown at ${width} × ${height}`;
    element('picture-size').textContent = `${own} pixels${shown}`;
    this.picture = picture;
    this.segmentation = undefined;
    this.redraw();
  }

  showSegmentation(segmentation: Segmentation): void {
    this.segmentation = segmentation;
    this.redraw();
  }

  /** Draws with the next frame, however often it is asked for before. */
  redraw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    if (this.picture === undefined) return;
    const context = canvas('picture').getContext('2d')!;
    drawRaster(context, this.picture.raster);
    if (this.segmentation === undefined) return;
    const { labels, size, unsure } = this.segmentation;
    const grid = [size[0]!, size[1]!] as const;
    drawRaster(context, overlayOf(labels, grid, this.labels.styles, input('opacity').valueAsNumber));
    if (unsure !== undefined) drawRaster(context, unsureRaster(unsure.uncertainty, grid));
  }
}
