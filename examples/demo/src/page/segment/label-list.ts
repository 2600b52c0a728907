import type { ModelSummary } from '../../worker/protocol.js';
import { colorFromHex, colorOf, hexOf, type LabelStyle } from '../paint.js';

/** The list of labels with a color and a check box for each, and what is chosen there. */
export class LabelList {
  private controls: { readonly box: HTMLInputElement; readonly color: HTMLInputElement }[] = [];

  constructor(
    private readonly list: HTMLElement,
    private readonly onChange: () => void,
  ) {}

  /** Lists the labels of a model. */
  fill(labels: ModelSummary['labels']): void {
    this.controls = labels.map((label, index) => ({
      box: control('checkbox', { checked: true }, this.onChange),
      color: control(
        'color',
        { value: hexOf(colorOf(index, label.color)), ariaLabel: `Color of ${label.name}` },
        this.onChange,
      ),
    }));
    const rows = this.controls.slice(1).map(({ box, color }, index) => {
      const name = document.createElement('label');
      name.append(box, labels[index + 1]!.name);
      const row = document.createElement('span');
      row.className = 'label';
      row.append(color, name);
      return row;
    });
    this.list.replaceChildren(...rows);
  }

  /** One style for each label, the background first. */
  get styles(): readonly LabelStyle[] {
    return this.controls.map(({ box, color }) => ({
      color: colorFromHex(color.value),
      isShown: box.checked,
    }));
  }
}

interface ControlProperties {
  readonly checked?: boolean;
  readonly value?: string;
  readonly ariaLabel?: string;
}

function control(type: string, properties: ControlProperties, onInput: () => void): HTMLInputElement {
  const made = document.createElement('input');
  Object.assign(made, { type, ...properties });
  made.addEventListener('input', onInput);
  return made;
}
