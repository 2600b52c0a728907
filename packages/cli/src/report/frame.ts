import { type Html, html, raw } from './html.js';

/** What goes on a page. */
interface PageContent {
  readonly title: string;
  /** Below the title. @default nothing */
  readonly lead?: Html;
  readonly main: Html | readonly Html[];
  /** JavaScript that runs when the page is there. @default none */
  readonly script?: string;
}

/** An HTML page that needs nothing else: no network, no files beside it. */
export function framed({ title, lead = raw(''), main, script }: PageContent): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${raw(style)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
${lead}
</header>
<main>
${main}
</main>
${script === undefined ? '' : html`<script>${raw(script)}</script>`}
</body>
</html>
`.text;
}

/** The style sheet: light and dark, from a phone's width up. */
const style = `
:root {
  color-scheme: light dark;
  --page: #f6f7f8; --panel: #ffffff; --ink: #1a1d21; --muted: #5d6670; --grid: #e4e7ea; --line: #d5dade;
  --accent: #0072b2; --mark: #d55e00;
  --curve-1: #0072b2; --curve-2: #d55e00; --curve-3: #009e73; --curve-4: #b0558a; --curve-5: #b87f00; --curve-6: #3a8fc4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #121417; --panel: #1b1e23; --ink: #e7eaed; --muted: #9aa4ae; --grid: #2b3037; --line: #353b43;
    --accent: #56b4e9; --mark: #ff9a4d;
    --curve-1: #56b4e9; --curve-2: #ff9a4d; --curve-3: #3fcf9f; --curve-4: #e79cc6; --curve-5: #f0c14b; --curve-6: #9cc9ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem clamp(1rem, 3vw, 2.5rem) 4rem; max-width: 84rem;
  background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif;
}
h1, dt, li, figcaption { overflow-wrap: anywhere; }
h1 { font-size: clamp(1.5rem, 4vw, 2rem); line-height: 1.2; margin: 0 0 .35rem; }
h2 { font-size: 1.2rem; margin: 0 0 .75rem; }
p { margin: 0 0 .75rem; max-width: 75ch; text-wrap: pretty; }
.below { margin-top: .75rem; }
.muted, figcaption, dt { color: var(--muted); }
section, .tile { background: var(--panel); border: 1px solid var(--line); border-radius: .6rem; }
section { padding: 1.25rem clamp(1rem, 2vw, 1.5rem); margin-top: 1.25rem; }
.tiles { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); margin: 1.5rem 0 0; }
.tile { padding: .9rem 1.1rem; }
.tile dt { font-size: .875rem; }
.tile dd { margin: 0; }
.tile .figure { font-size: 1.7rem; font-weight: 650; font-variant-numeric: tabular-nums; line-height: 1.25; }
.plots { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }
figure { margin: 0; }
figure svg { display: block; width: 100%; height: auto; overflow: visible; }
figcaption { font-size: .875rem; margin-top: .35rem; }
.narrow { display: none; }
@media (max-width: 40rem) { .wide { display: none; } .narrow { display: block; } }
.marker { fill: none; stroke: var(--mark); stroke-width: 2.5; }
.chooser { display: none; margin: 0 0 1.25rem; }
.scripted .chooser { display: block; }
.chooser label { font-weight: 600; display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; }
.chooser input { width: 100%; height: 2rem; margin: 0; accent-color: var(--mark); }
.readings { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: .25rem 1rem; margin: .5rem 0 0; }
.readings dd { margin: 0; font-size: 1.15rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.readings div { min-width: 0; }
.readings dt { font-size: .8125rem; }
.scroll { overflow-x: auto; max-width: 100%; }
.scroll:focus-visible { outline: 2px solid var(--accent); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9375rem; }
th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid var(--grid); white-space: nowrap; }
thead th { white-space: normal; min-width: 4.5rem; max-width: 12rem; overflow-wrap: anywhere; vertical-align: bottom; }
thead th { border-bottom: 2px solid var(--line); background: var(--panel); }
th:first-child, td:first-child { text-align: left; padding-left: .25rem; }
tr.chosen > * { box-shadow: inset 0 0 0 99px color-mix(in srgb, var(--mark) 16%, transparent); }
.results { max-height: 32rem; overflow: auto; }
thead th.knob, [aria-labelledby="sure"] th { overflow-wrap: normal; }
[aria-labelledby="sure"] td:nth-child(2) { white-space: normal; }
.results thead th { position: sticky; top: 0; z-index: 1; }
.overlays { border-spacing: 0; }
.overlays th, .overlays td { border: 0; padding: 0 .5rem .75rem 0; text-align: left; vertical-align: top; font-weight: 500; }
.overlays td { font-size: .8125rem; }
.overlays thead th { padding-bottom: .25rem; background: none; }
.overlays img { display: block; width: clamp(7.5rem, 14vw, 12rem); height: auto; border-radius: .25rem; margin-bottom: .15rem; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; margin: 0 0 1rem; padding: 0; font-size: .9375rem; }
.swatch { display: inline-block; width: .9em; height: .9em; margin-right: .45em; border-radius: .2em; vertical-align: -.08em; border: 1px solid var(--line); }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: 0 0 1.25rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) { .facts { grid-template-columns: 1fr; } .facts dd { margin-bottom: .5rem; } }
pre { overflow-x: auto; margin: 0; padding: .9rem 1rem; background: var(--page); border: 1px solid var(--line); border-radius: .4rem; font: .8125rem/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .9em; }
@media print { section, .tile { break-inside: avoid; } .chooser { display: none; } .results { max-height: none; } }
`;
