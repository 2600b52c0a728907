/** The element of the page with this id. */
export function element<Kind extends Element = HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`internal: the page has no element '${id}'`);
  return found as Element as Kind;
}

export const input = (id: string): HTMLInputElement => element<HTMLInputElement>(id);
export const select = (id: string): HTMLSelectElement => element<HTMLSelectElement>(id);
export const button = (id: string): HTMLButtonElement => element<HTMLButtonElement>(id);
export const canvas = (id: string): HTMLCanvasElement => element<HTMLCanvasElement>(id);

/** Fills a select element with words. */
export function fillOptions(target: HTMLSelectElement, words: readonly string[]): void {
  target.replaceChildren(...words.map((word) => new Option(word, word)));
}
