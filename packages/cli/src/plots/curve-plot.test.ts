import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { curvesOf } from '../pareto/curve.js';
import { result, risingResults } from '../testing/report.js';
import { type CurvePlotOptions, curvePlot } from './curve-plot.js';
import { namedPoints, spreadApart } from './curve-texts.js';
import { pagePalette, paperPalette, svgFile } from './draw.js';

const sshn = { name: 'SSHN', results: risingResults };
const plot = (options: CurvePlotOptions, series = [sshn]) => {
  const drawing = curvePlot(curvesOf(series), options);
  const { document } = parseHTML(`<body>${drawing.svg}</body>`);
  const dots = (fill: string) =>
    [...document.querySelectorAll('[aria-label="dot"]')].flatMap((group) =>
      [...group.querySelectorAll('circle, path')].filter(
        (dot) =>
          (dot.getAttribute('fill') ?? group.getAttribute('fill')) === fill &&
          dot.querySelector('title') !== null,
      ),
    );
  const texts = [...document.querySelectorAll('text')].map((text) => text.textContent ?? '');
  return { drawing, document, dots, texts };
};

describe('curvePlot', () => {
  it.each(['factor', 'gflops'] as const)(
    'fills the points of the front and leaves the others hollow, over %s',
    (x) => {
      const { dots } = plot({ x });
      expect(dots(paperPalette.curves[0]!)).toHaveLength(5);
      expect(dots(paperPalette.background)).toHaveLength(1);
      expect(dots(paperPalette.background)[0]!.querySelector('title')!.textContent).toBe(
        'SSHN, φ = 0.4: Dice 0.8500, 0.900 GFLOPs, 9.0 ms',
      );
    },
  );

  it('draws a front over several knobs against its cost alone, in powers', () => {
    const front = [0.25, 0.5, 1].map((width, i) =>
      result({ width, gflops: 0.01 * 10 ** i, dice: 0.6 + 0.1 * i }),
    );
    const both = [
      { name: 'φ alone', results: [result({ factor: 0, gflops: 0.9 }), result({ factor: 0.5, gflops: 1 })] },
      { name: 'all knobs', results: front },
    ];
    expect(plot({ x: 'factor' }, both).dots(paperPalette.curves[1]!)).toHaveLength(0);
    const { drawing, dots, texts } = plot({ x: 'gflops' }, both);
    const titles = dots(paperPalette.curves[1]!).map((dot) => dot.querySelector('title')!.textContent);
    expect(titles).toContain('all knobs, φ = 0.25, width 0.5: Dice 0.7000, 0.100 GFLOPs, 12.0 ms');
    expect(texts).toEqual(expect.arrayContaining(['0.01', '0.1', '1']));
    const [a, b, c] = [0.01, 0.1, 1].map((cost) => drawing.place(cost, 0.7)[0]);
    expect(b! - a!).toBeCloseTo(c! - b!, 6);
  });

  it.each(['factor', 'gflops'] as const)('says where its points are, over %s', (x) => {
    const { drawing, dots } = plot({ x });
    const point = risingResults[4]!;
    const dot = dots(paperPalette.background)[0]!;
    const drawn = ['cx', 'cy'].map((name) => Number(dot.getAttribute(name)));
    const [left, top] = drawing.place(point[x], point.dice);
    expect(drawn[0]).toBeCloseTo(left, 1);
    expect(drawn[1]).toBeCloseTo(top, 1);
  });

  it('names the axes, the labels over the factor, and some factors over the cost', () => {
    const overFactor = plot({ x: 'factor' }).texts.join(' ');
    for (const text of ['rescaling factor φ', 'Dice', 'nucleus', 'cytoplasm', 'mean'])
      expect(overFactor).toContain(text);
    const overCost = plot({ x: 'gflops' }).texts.join(' ');
    for (const text of ['GFLOPs per image', 'Dice', 'φ\u00a0=\u00a00', 'φ\u00a0=\u00a00.3'])
      expect(overCost).toContain(text);
    expect(overCost).not.toContain('nucleus');
  });

  it('gives several curves a legend, colors and symbols of their own', () => {
    const fixed = {
      name: 'Fixed',
      results: [result({ factor: 0.3, dice: 0.97, gflops: 0.6 })],
      isJoined: false,
    };
    const { texts, dots, document } = plot({ x: 'gflops' }, [sshn, fixed]);
    expect(texts).toEqual(expect.arrayContaining(['SSHN', 'Fixed']));
    expect(texts.join(' ')).not.toContain('φ\u00a0=');
    expect(dots(paperPalette.curves[1]!)).toHaveLength(1);
    expect(document.querySelectorAll('[aria-label="line"] path')).toHaveLength(1);
  });

  it('leaves out what is undefined', () => {
    const { dots, drawing } = plot({ x: 'factor' }, [
      {
        name: 'SSHN',
        results: [
          ...risingResults,
          result({ factor: 0.6, dice: Number.NaN, diceByLabel: { nucleus: Number.NaN } }),
        ],
      },
    ]);
    expect(dots(paperPalette.curves[0]!)).toHaveLength(5);
    expect(drawing.svg).not.toContain('NaN');
  });

  it('shows the factors of training where they are not the ones drawn', () => {
    const texts = (trained: NonNullable<CurvePlotOptions['trained']>) => plot({ x: 'factor', trained }).texts;
    expect(texts({ kind: 'constant', factor: 0.25 })).toContain('trained here');
    expect(texts({ kind: 'uniform', low: 0.1, high: 0.3 })).toContain('trained range');
    expect(texts({ kind: 'uniform', low: 0, high: 0.5 }).join(' ')).not.toContain('trained');
  });

  it.each(['factor', 'gflops'] as const)('has round ticks around a single point, over %s', (x) => {
    const { texts } = plot({ x }, [
      { name: 'Fixed', results: [result({ factor: 0.1, dice: 0.8957, diceByLabel: {} })] },
    ]);
    expect(texts).toEqual(expect.arrayContaining(['0.86', '0.88', '0.90', '0.92', '0.94']));
  });

  it('writes as many costs as there is room for, in GFLOPs however small', () => {
    const small = risingResults.map((one) => ({ ...one, gflops: one.gflops / 300 }));
    for (const width of [350, 540]) {
      const { texts, drawing, dots } = plot({ x: 'gflops', width }, [{ name: 'SSHN', results: small }]);
      expect(texts.join(' ')).toContain('GFLOPs per image');
      const ticks = texts.filter((text) => /^0\.00\d+$/.test(text));
      expect(ticks.length).toBeGreaterThan(1);
      expect(ticks.join('').length * 6.8).toBeLessThan(width - 100);
      const dot = dots(paperPalette.background)[0]!;
      expect(Number(dot.getAttribute('cx'))).toBeCloseTo(drawing.place(small[4]!.gflops, 0.85)[0], 1);
    }
  });

  it('keeps a legend of long names within the plot', () => {
    const long = (name: string) => ({ name: `runs/${name.repeat(30)}`, results: risingResults });
    const { texts } = plot({ x: 'factor', width: 350 }, [long('ab'), long('cd'), sshn]);
    expect(texts.filter((text) => /^runs\/.*…$/.test(text))).toHaveLength(2);
    expect(Math.max(...texts.map((text) => text.length * 5.6))).toBeLessThan(350);
    expect(texts).toContain('SSHN');
  });

  it('takes its size and its colors from the options', () => {
    const { drawing } = plot({ x: 'factor', width: 300, height: 200, palette: pagePalette });
    expect(drawing.svg).toMatch(/^<svg[^>]*viewBox="0 0 300 200"/);
    expect(drawing.svg).toContain('var(--curve-1)');
    expect(drawing.svg).not.toContain(paperPalette.curves[0]);
  });
});

describe('namedPoints', () => {
  const points = curvesOf([sshn])[0]!.points;
  const named = (width: number) => namedPoints(points, { width, height: 300 }).map(({ factor }) => factor);

  it('are multiples of 0.1, ends first', () => {
    expect(named(600)).toEqual([0, 0.5, 0.1, 0.2, 0.3, 0.4]);
    const between = curvesOf([{ name: '', results: [result({ factor: 0.15 }), result({ factor: 0.3 })] }])[0]!
      .points;
    expect(namedPoints(between, { width: 600, height: 300 }).map(({ factor }) => factor)).toEqual([0.3]);
  });

  it('leaves out those whose texts would meet', () => {
    const flat = curvesOf([{ name: '', results: risingResults.map((one) => ({ ...one, dice: 0.9 })) }])[0]!
      .points;
    expect(namedPoints(flat, { width: 150, height: 300 }).map(({ factor }) => factor)).toEqual([0, 0.5, 0.2]);
  });
});

describe('spreadApart', () => {
  it('moves values down where they are too close, in any order', () => {
    const moved = spreadApart([0.895, 0.5, 0.9, 0.89], 0.02);
    for (const [i, value] of [0.88, 0.5, 0.9, 0.86].entries()) expect(moved[i]).toBeCloseTo(value, 10);
    expect(spreadApart([], 1)).toEqual([]);
  });
});

describe('svgFile', () => {
  it('is an XML document with a title and a background, without a style sheet', () => {
    const { drawing } = plot({ x: 'factor' });
    const file = svgFile(drawing, { title: 'Dice & cost', background: '#ffffff' });
    expect(file).toMatch(
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/,
    );
    expect(file).toContain('<title>Dice &amp; cost</title>');
    expect(file).toContain('<rect width="100%" height="100%" fill="#ffffff"');
    expect(file).not.toContain('<style');
  });

  it('is the same for the same results', () => {
    expect(plot({ x: 'gflops' }).drawing.svg).toBe(plot({ x: 'gflops' }).drawing.svg);
  });
});
