import { damaged } from '../../refusal.js';
import { tags } from './tags.js';

/** Names of DICOM's character sets, as TextDecoder has them. *Source*: DICOM PS3.3, section C.12.1.1.2. */
const characterSets: Readonly<Record<string, string>> = {
  'ISO_IR 192': 'utf-8',
  GB18030: 'gb18030',
  GBK: 'gbk',
  'ISO_IR 13': 'shift_jis',
  'ISO_IR 101': 'iso-8859-2',
  'ISO_IR 109': 'iso-8859-3',
  'ISO_IR 110': 'iso-8859-4',
  'ISO_IR 144': 'iso-8859-5',
  'ISO_IR 127': 'iso-8859-6',
  'ISO_IR 126': 'iso-8859-7',
  'ISO_IR 138': 'iso-8859-8',
  'ISO_IR 148': 'windows-1254',
};

/** Where an element's value lies. */
export interface Element {
  readonly tag: number;
  readonly kind: string | undefined;
  readonly begin: number;
  /** Undefined where the value is in items. */
  readonly length: number | undefined;
  readonly items?: readonly Elements[];
}

/** The elements of a data set or of an item of a sequence. */
export class Elements {
  readonly #map = new Map<number, Element>();

  constructor(
    private readonly view: DataView,
    private readonly isLittleEndian: boolean,
  ) {}

  /** Keeps an element. */
  add(element: Element): void {
    this.#map.set(element.tag, element);
  }

  get(tag: number): Element | undefined {
    return this.#map.get(tag);
  }

  /** The bytes of a value. */
  bytes(tag: number): Uint8Array | undefined {
    const { begin, length } = this.#map.get(tag) ?? {};
    if (begin === undefined || length === undefined) return undefined;
    return new Uint8Array(this.view.buffer, this.view.byteOffset + begin, length);
  }

  /** Characters, without the padding; undefined where there are none. */
  text(tag: number, characterSet = 'latin1'): string | undefined {
    const bytes = this.bytes(tag);
    if (bytes === undefined) return undefined;
    // A value is at most some kilobytes long; whatever claims more is no text.
    const text = new TextDecoder(characterSet).decode(bytes.subarray(0, 1 << 16));
    return text.replace(/[\0 ]+$/, '').trimStart() || undefined;
  }

  /** The values of a text, which backslashes part. */
  texts(tag: number): readonly string[] {
    return (
      this.text(tag)
        ?.split('\\')
        .map((part) => part.trim()) ?? []
    );
  }

  /** An unsigned number of two bytes. */
  uint16(tag: number, index = 0): number | undefined {
    const { begin, length } = this.#map.get(tag) ?? {};
    if (begin === undefined || length === undefined || 2 * index + 2 > length) return undefined;
    return this.view.getUint16(begin + 2 * index, this.isLittleEndian);
  }

  /** An unsigned number of four bytes. */
  uint32(tag: number): number | undefined {
    const { begin, length } = this.#map.get(tag) ?? {};
    if (begin === undefined || length === undefined || length < 4) return undefined;
    return this.view.getUint32(begin, this.isLittleEndian);
  }

  /** A floating-point number of eight bytes, if it is finite. */
  float64(tag: number): number | undefined {
    const { begin, length } = this.#map.get(tag) ?? {};
    if (begin === undefined || length === undefined || length < 8) return undefined;
    const value = this.view.getFloat64(begin, this.isLittleEndian);
    return Number.isFinite(value) ? value : undefined;
  }

  /** Unsigned numbers of two bytes. */
  uint16s(tag: number): readonly number[] {
    const count = Math.floor((this.#map.get(tag)?.length ?? 0) / 2);
    return Array.from({ length: count }, (_, i) => this.uint16(tag, i)!);
  }

  /**
   * The numbers of a decimal string; undefined where the element is empty.
   *
   * @throws {Refusal} if they are not at least `count` finite ones.
   */
  decimals(tag: number, count: number): number[] | undefined {
    const parts = this.texts(tag);
    if (parts.length === 0) return undefined;
    const numbers = parts.map((part) => (part === '' ? Number.NaN : Number(part)));
    if (numbers.length < count || !numbers.every(Number.isFinite)) {
      throw damaged('DICOM', `${count} numbers are expected in element ${named(tag)}`);
    }
    return numbers;
  }

  /** The name, for TextDecoder, of the character set that the text of people is written in. */
  get encoding(): string {
    return characterSets[this.texts(tags.characterSet)[0] ?? ''] ?? 'latin1';
  }

  /** The items of a sequence. */
  items(tag: number): readonly Elements[] {
    return this.#map.get(tag)?.items ?? [];
  }

  /** The first item of a sequence. */
  item(tag: number): Elements | undefined {
    return this.items(tag)[0];
  }
}

/** Group and number in parentheses, as the standard writes it. */
export function named(tag: number): string {
  const hex = tag.toString(16).padStart(8, '0');
  return `(${hex.slice(0, 4)},${hex.slice(4)})`;
}
