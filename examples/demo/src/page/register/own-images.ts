import type { RegistrationRequest } from '../../worker/protocol.js';
import { element, input, select } from '../element.js';
import { contentsOf, wireDrop } from '../segment/drop.js';

/** The two images that a person chose or dropped, or the number of a generated pair. */
export class OwnImages {
  private moving: readonly File[] = [];
  private fixed: readonly File[] = [];

  constructor() {
    const source = select('register-source');
    source.addEventListener('change', () => this.showSource());
    wireDrop(undefined, input('moving-file'), async (files) => this.take({ moving: files }));
    wireDrop(undefined, input('fixed-file'), async (files) => this.take({ fixed: files }));
    wireDrop(element<HTMLElement>('register-drop'), undefined, async (files) => {
      source.value = 'own';
      this.showSource();
      // Two at once are both; one is whichever is missing.
      const [first, second] = files;
      if (files.length === 2) this.take({ moving: [first], fixed: [second!] });
      else
        this.take(this.moving.length === 0 || this.fixed.length > 0 ? { moving: files } : { fixed: files });
    });
    this.showSource();
  }

  /** What is to be registered, and memory to hand over. @throws {Error} in words for people, if an image is missing. */
  async request(): Promise<{ images: RegistrationRequest['images']; transfer: ArrayBuffer[] }> {
    if (select('register-source').value === 'generated')
      return { images: { number: input('register-pair').valueAsNumber }, transfer: [] };
    const missing = this.moving.length === 0 ? 'moving' : this.fixed.length === 0 ? 'fixed' : undefined;
    if (missing !== undefined)
      throw new Error(`There is no ${missing} image yet. Choose one, or drop it here.`);
    const [moving, fixed] = await Promise.all([contentsOf(this.moving), contentsOf(this.fixed)]);
    return {
      images: { moving: moving.contents, fixed: fixed.contents },
      transfer: [...moving.transfer, ...fixed.transfer],
    };
  }

  private take({
    moving = this.moving,
    fixed = this.fixed,
  }: {
    moving?: readonly File[];
    fixed?: readonly File[];
  }) {
    [this.moving, this.fixed] = [moving, fixed];
    element('moving-name').textContent = `Moving image${named(moving)}`;
    element('fixed-name').textContent = `Fixed image${named(fixed)}`;
  }

  private showSource(): void {
    const isOwn = select('register-source').value === 'own';
    element('register-own').hidden = !isOwn;
    element('register-number').hidden = isOwn;
  }
}

function named([first, ...others]: readonly File[]): string {
  if (first === undefined) return '';
  return `: ${first.name}${others.length === 0 ? '' : ` and ${others.length} more`}`;
}
