import type { Picture, Segmentation } from '../../worker/protocol.js';
import { canvas, element, input } from '../element.js';
import { drawRaster, overlayOf } from '../paint.js';
import type { LabelList } from './label-list.js';

/** Longest edge of the canvas, in its own pixels. */
const edge = 512;

/** The image with the segmentation over it. */
export class PictureView {
  private picture: Picture | undefined;
  private segmentation: Segmentation | undefined;
  private frame = 0;

  constructor(private readonly labels: LabelList) {}

  showPicture(picture: Picture): void {
    const [height, width] = picture.raster.size;
    const scale = edge / Math.max(height, width);
    Object.assign(canvas('picture'), {
      width: Math.max(1, Math.round(width * scale)),
      height: Math.max(1, Math.round(height * scale)),
    });
    element('picture-name').textContent = picture.name;
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
    const { labels, size } = this.segmentation;
    drawRaster(
      context,
      overlayOf(labels, [size[0]!, size[1]!], this.labels.styles, input('opacity').valueAsNumber),
    );
  }
}
