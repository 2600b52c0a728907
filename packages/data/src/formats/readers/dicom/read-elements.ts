import { damaged } from '../../refusal.js';
import { type Element, Elements, named } from './elements.js';
import { kept, sequences, tags } from './tags.js';

/** Value representations with a length of four bytes, and all others. *Source*: DICOM PS3.5, section 7.1.2. */
const longKinds = 'OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' ');
const shortKinds = 'AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US'.split(' ');
const kinds: ReadonlySet<string> = new Set([...longKinds, ...shortKinds]);

const undefinedLength = 0xffffffff;
const item = 0xfffee000;
const itemEnd = 0xfffee00d;
const sequenceEnd = 0xfffee0dd;

/** What hostile files may not exceed; an enhanced series of 20,000 frames has some 200,000 items. */
const mostItems = 2 ** 19;
const mostDepth = 24;

/** How elements are written. */
export interface Encoding {
  readonly isExplicit: boolean;
  readonly isLittleEndian: boolean;
}

/** A data set, and where its reading stopped: at its pixels, or at its end. */
export interface DataSet {
  readonly elements: Elements;
  readonly pixels: Element | undefined;
  readonly next: number;
}

/** Whether the element at an offset has its kind in two letters. */
export function isExplicitAt(bytes: Uint8Array, at: number): boolean {
  return kinds.has(String.fromCharCode(bytes[at + 4] ?? 0, bytes[at + 5] ?? 0));
}

/**
 * Reads the elements of a data set up to its pixels, or up to the first element that `goesOn` says no to.
 *
 * Every length is checked against what contains it, and nothing is read twice, so time is linear in the bytes.
 *
 * *Source*: DICOM PS3.5, sections 7.1 (elements), 7.5 (sequences), 6.2.2 (unknown kinds).
 *
 * @throws {Refusal} if a length leads out of the file, or sequences are nested or long beyond any use.
 */
export function readElements(
  bytes: Uint8Array,
  begin: number,
  encoding: Encoding,
  goesOn: (tag: number) => boolean = () => true,
): DataSet {
  return new Reader(bytes, encoding).dataSet(begin, goesOn);
}

interface ElementHeader {
  readonly tag: number;
  readonly kind: string | undefined;
  readonly begin: number;
  readonly length: number;
}

class Reader {
  readonly #view: DataView;
  #items = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private encoding: Encoding,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  dataSet(begin: number, goesOn: (tag: number) => boolean): DataSet {
    const elements = new Elements(this.#view, this.encoding.isLittleEndian);
    let at = begin;
    // Fewer bytes than a header takes are padding.
    while (at + 8 <= this.bytes.length) {
      const header = this.#header(at);
      if (!goesOn(header.tag)) break;
      if (header.tag === tags.pixels || header.tag === tags.floatPixels || header.tag === tags.doublePixels) {
        const length = header.length === undefinedLength ? undefined : header.length;
        return { elements, pixels: { ...header, length }, next: header.begin };
      }
      at = this.#element(header, elements, this.bytes.length, 0);
    }
    return { elements, pixels: undefined, next: at };
  }

  #tagAt(at: number): number {
    const { isLittleEndian } = this.encoding;
    return this.#view.getUint16(at, isLittleEndian) * 0x10000 + this.#view.getUint16(at + 2, isLittleEndian);
  }

  #header(at: number): ElementHeader {
    const tag = this.#tagAt(at);
    const little = this.encoding.isLittleEndian;
    // Delimiters have no kind in any encoding; elements without one are written by some within explicit data sets.
    const isShortForm = tag >>> 16 === 0xfffe || !this.encoding.isExplicit || !this.#hasLetters(at);
    if (isShortForm) return { tag, kind: undefined, begin: at + 8, length: this.#uint32(at + 4) };
    const kind = String.fromCharCode(this.bytes[at + 4]!, this.bytes[at + 5]!);
    const isLong =
      longKinds.includes(kind) || (!kinds.has(kind) && this.#view.getUint16(at + 6, little) === 0);
    if (isLong) return { tag, kind, begin: at + 12, length: this.#uint32(at + 8) };
    return { tag, kind, begin: at + 8, length: this.#view.getUint16(at + 6, little) };
  }

  #hasLetters(at: number): boolean {
    const isLetter = (byte: number) => byte >= 0x41 && byte <= 0x5a;
    return isLetter(this.bytes[at + 4]!) && isLetter(this.bytes[at + 5]!);
  }

  #uint32(at: number): number {
    if (at + 4 > this.bytes.length) throw damaged('DICOM', 'it ends within an element');
    return this.#view.getUint32(at, this.encoding.isLittleEndian);
  }

  /** Reads one element into `elements`; returns where the next begins. */
  #element(header: ElementHeader, elements: Elements | undefined, end: number, depth: number): number {
    const { tag, kind, begin, length } = header;
    // A delimiter that nothing asked for: some writers end items of a known length with one.
    if (tag === itemEnd || tag === sequenceEnd) return begin;
    const isKept = elements !== undefined && kept.has(tag);
    if (length === undefinedLength) {
      if (kind !== undefined && kind !== 'SQ' && kind !== 'UN') return this.#fragmentsEnd(begin, end);
      const items: Elements[] = [];
      const next = this.#sequence(begin, end, isKept ? items : undefined, depth + 1, true, kind === 'UN');
      if (isKept) elements.add({ tag, kind, begin, length: undefined, items });
      return next;
    }
    if (begin + length > end) throw damaged('DICOM', `element ${named(tag)} is longer than what it lies in`);
    if (!isKept) return begin + length;
    if (kind === 'SQ' || ((kind === undefined || kind === 'UN') && sequences.has(tag))) {
      const items: Elements[] = [];
      this.#sequence(begin, begin + length, items, depth + 1, false, kind === 'UN');
      elements.add({ tag, kind, begin, length: undefined, items });
    } else {
      elements.add({ tag, kind, begin, length });
    }
    return begin + length;
  }

  /** Reads the items of a sequence; returns where it ends. */
  #sequence(
    begin: number,
    end: number,
    items: Elements[] | undefined,
    depth: number,
    isOpen: boolean,
    isUnknown: boolean,
  ): number {
    if (depth > mostDepth) throw damaged('DICOM', `sequences ${depth} deep`);
    const outer = this.encoding;
    let at = begin;
    while (at + 8 <= end) {
      const tag = this.#tagAt(at);
      const length = this.#uint32(at + 4);
      at += 8;
      if (tag === sequenceEnd) {
        if (isOpen) return at;
        continue;
      }
      if (tag === itemEnd) continue;
      if (tag !== item) throw damaged('DICOM', `element ${named(tag)} stands where an item should begin`);
      if (++this.#items > mostItems) throw damaged('DICOM', `more than ${mostItems} items`);
      // What is of an unknown kind is written without kinds, but for writers who forgot that.
      if (isUnknown) this.encoding = { ...outer, isExplicit: isExplicitAt(this.bytes, at) };
      at = this.#item(at, length, end, items, depth);
      this.encoding = outer;
    }
    if (isOpen) throw damaged('DICOM', 'it ends within a sequence');
    return end;
  }

  #item(begin: number, length: number, end: number, items: Elements[] | undefined, depth: number): number {
    const elements = items && new Elements(this.#view, this.encoding.isLittleEndian);
    if (elements !== undefined) items?.push(elements);
    const isOpen = length === undefinedLength;
    const itemsEnd = isOpen ? end : begin + length;
    if (itemsEnd > end) throw damaged('DICOM', 'an item is longer than its sequence');
    let at = begin;
    while (at + 8 <= itemsEnd) {
      const header = this.#header(at);
      if (isOpen && header.tag === itemEnd) return header.begin;
      at = this.#element(header, elements, itemsEnd, depth);
    }
    if (isOpen) throw damaged('DICOM', 'it ends within an item');
    return itemsEnd;
  }

  /** Behind the items of compressed pixels, such as those of an icon. */
  #fragmentsEnd(begin: number, end: number): number {
    for (let at = begin; at + 8 <= end; ) {
      const tag = this.#tagAt(at);
      const length = this.#uint32(at + 4);
      at += 8;
      if (tag === sequenceEnd) return at;
      if (tag !== item || at + length > end) break;
      at += length;
    }
    throw damaged('DICOM', 'it ends within compressed pixels');
  }
}
