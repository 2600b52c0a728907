/** A piece of HTML that is complete as it stands. */
export class Html {
  constructor(readonly text: string) {}
}

type Content = Html | string | number | readonly Content[];

/**
 * HTML from a template: values are escaped, pieces of HTML and lists of them are put in as they are.
 *
 * @example
 * html`<p>${'a < b'}</p>`.text;   // '<p>a &lt; b</p>'
 */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(
    strings.map((string, i) => string + (i < values.length ? render(values[i]!) : '')).join(''),
  );
}

/** Text that is HTML already, such as a drawing. */
export function raw(text: string): Html {
  return new Html(text);
}

/** Data for a script of the page: JSON in an element that no content can end early. */
export function jsonScript(id: string, data: unknown): Html {
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  return html`<script type="application/json" id="${id}">${raw(json)}</script>`;
}

function render(value: Content): string {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(render).join('');
  return String(value)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
