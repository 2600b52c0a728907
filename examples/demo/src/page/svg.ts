const namespace = 'http://www.w3.org/2000/svg';

/** An SVG element with these attributes. */
export function shape(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, `${value}`);
  return made;
}

/** @param anchor Which part of the words lies at the place: 'start', 'middle' or 'end'. */
export function text(x: number, y: number, words: string, anchor: string): SVGElement {
  const made = shape('text', { x, y, 'text-anchor': anchor });
  made.textContent = words;
  return made;
}

/** A circle that tells something when the pointer rests on it. */
export function dot(cx: number, cy: number, r: number, name: string, title: string | undefined): SVGElement {
  const made = shape('circle', { cx, cy, r, class: name });
  if (title !== undefined) {
    const words = document.createElementNS(namespace, 'title');
    words.textContent = title;
    made.append(words);
  }
  return made;
}
