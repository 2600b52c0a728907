import { runInNewContext } from 'node:vm';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { curvesOf } from '../pareto/curve.js';
import { overlayFactors } from '../pareto/examples.js';
import { report, result, risingResults } from '../testing/report.js';
import type { OverlayRow } from './examples-sections.js';
import { reportPage } from './page.js';

const labels = { values: new Uint8Array(64).fill(1, 20, 40), size: [8, 8] };
const overlays: OverlayRow[] = ['a', 'b <i>'].map((id) => ({
  id,
  image: { values: Float32Array.from({ length: 64 }, (_, i) => i / 64), size: [8, 8], channels: 1 },
  truth: labels,
  predictions: overlayFactors([0, 0.5]).map((factor) => ({ factor, labels, dice: 0.9 })),
}));
const page = (parts: Parameters<typeof report>[0] = {}) => reportPage(report(parts), { overlays });
const parse = (text: string) => parseHTML(text).document;

describe('reportPage', () => {
  it('needs nothing but itself', () => {
    const text = page();
    expect(text).not.toMatch(/(?:src|href)="(?!data:)/);
    expect(text).not.toMatch(/https?:\/\/(?!www\.w3\.org)|@import|url\(/);
  });

  it('has a language, a title, a viewport, one h1, and a name for every section, picture and plot', () => {
    const document = parse(page());
    expect(document.documentElement.getAttribute('lang')).toBe('en');
    expect(document.querySelector('title')!.textContent).toBe('SSHN on cells: accuracy against cost');
    expect(document.querySelector('meta[name="viewport"]')).not.toBeNull();
    expect(document.querySelectorAll('h1')).toHaveLength(1);
    for (const section of document.querySelectorAll('section')) {
      expect(document.getElementById(section.getAttribute('aria-labelledby')!)).not.toBeNull();
    }
    const images = [...document.querySelectorAll('img')];
    expect(images).toHaveLength(2 * (2 + 4));
    for (const image of images) expect(image.getAttribute('alt')).toMatch(/image (a|b <i>)/i);
    for (const plot of document.querySelectorAll('[role="img"]'))
      expect(plot.getAttribute('aria-label')).toMatch(/^Dice /);
    expect(document.querySelector('label[for="factor"]')).not.toBeNull();
  });

  it('has a row with every number for every factor', () => {
    const document = parse(page());
    const rows = [...document.querySelectorAll('tr[data-row]')];
    expect(rows).toHaveLength(6);
    for (const cell of document.querySelectorAll('thead th')) expect(cell.getAttribute('scope')).toBe('col');
    const cells = [...rows[4]!.children].map((cell) => cell.textContent);
    expect(cells).toEqual(['0.40', '0.8500', '0.8500', '0.9500', '0.900', '9.00', '0', '']);
    expect(rows[5]!.lastElementChild!.textContent).toBe('on it');
  });

  it('says what is best and what is nearly as good for less', () => {
    const tiles = [...parse(page()).querySelectorAll('.tile')].map((tile) => tile.textContent);
    expect(tiles[0]).toMatch(/Highest Dice0\.9500at φ\u00a0=\u00a00\.50/);
    expect(tiles[2]).toMatch(/Cheapest of all0\.5000at φ\u00a0=\u00a00\.00/);
  });

  it('holds configuration, parameters, memory and where it was measured', () => {
    const text = parse(page()).querySelector('[aria-labelledby="run"]')!.textContent!;
    for (const part of [
      'method: sshn',
      '1,234,567',
      '7,890',
      '300.0 MB',
      '2.0 MB at φ\u00a0=\u00a00.50',
      'a machine, 2 cores',
      'ab'.repeat(32),
    ]) {
      expect(text).toContain(part);
    }
  });

  it('moves its reading and its markers with the slider', () => {
    const document = parse(page());
    const scripts = [...document.querySelectorAll('script')].map((script) => script.textContent);
    runInNewContext(scripts[scripts.length - 1]!, { document, JSON, Number, Object });
    const reading = (name: string) => document.querySelector(`[data-reading="${name}"]`)!.textContent;
    // It starts at the cheapest factor within 0.01 of the best Dice.
    expect([reading('factor'), reading('dice'), reading('front')]).toEqual([
      'φ\u00a0=\u00a00.50',
      '0.9500',
      'on it',
    ]);
    const slider = document.getElementById('factor')! as HTMLInputElement;
    expect(slider.getAttribute('max')).toBe('5');
    slider.value = '4';
    slider.dispatchEvent(new (document.defaultView as unknown as typeof globalThis).Event('input'));
    expect([reading('factor'), reading('gflops'), reading('cost'), reading('front')]).toEqual([
      'φ\u00a0=\u00a00.40',
      '0.900',
      '90 %',
      'off it',
    ]);
    expect(document.querySelectorAll('tr.chosen')).toHaveLength(1);
    const markers = [...document.querySelectorAll('.marker')];
    expect(markers).toHaveLength(4);
    for (const marker of markers) {
      expect(marker.getAttribute('visibility')).toBe('visible');
      const dots = [...marker.closest('svg')!.querySelectorAll('circle:not(.marker)')];
      const isOnADot = dots.some((dot) =>
        ['cx', 'cy'].every(
          (name) => Math.abs(Number(dot.getAttribute(name)) - Number(marker.getAttribute(name))) < 0.1,
        ),
      );
      expect(isOnADot).toBe(true);
    }
  });

  it('escapes names that come from outside', () => {
    const text = page({ data: { ...report().data, name: '<script>x', labelNames: ['background', '"><b>'] } });
    expect(text).not.toContain('<script>x');
    expect(text).not.toContain('"><b>');
  });

  it('draws the other curves of a comparison', () => {
    const curves = curvesOf([
      { name: 'SSHN', results: risingResults },
      { name: 'Fixed', results: [result({ factor: 0.5, dice: 0.99, gflops: 0.1 })], isJoined: false },
    ]);
    const document = parse(reportPage(report(), { overlays, curves }));
    expect(document.querySelector('figure')!.textContent).toContain('Fixed');
    expect(document.querySelectorAll('tr[data-row]')).toHaveLength(6);
    expect(document.querySelector('tr[data-row]')!.lastElementChild!.textContent).toBe('');
  });

  it('shows what FLOPs are where a backend needs fewer, and why', () => {
    const counted = (at: Parameters<typeof page>[0]) => parse(page(at)).querySelector('.facts')!.textContent;
    expect(counted({})).toContain(
      'as the paper counts them; with maps of decoders convolved before they are upsampled, as the wasm backend does where it is faster, 0.0400 of 0.0500 GFLOPs at',
    );
    expect(counted({})).not.toContain('of 0.0700');
    const alike = [{ factor: 0.5, gflops: 0.07, joinedGflops: 0.07 }];
    expect(counted({ arithmetic: alike })).not.toContain('upsampled');
  });

  it('says so where no Dice is defined', () => {
    const points = curvesOf([{ name: '', results: [result({ dice: Number.NaN, diceByLabel: {} })] }])[0]!
      .points;
    expect(parse(page({ points })).body.textContent).toContain('Dice is defined at none of these factors');
  });
});
