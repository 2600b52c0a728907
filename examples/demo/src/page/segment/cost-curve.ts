import type { AccuracyCostPoint } from '@sshn/model';
import { drawPlot, type PlotPoint } from '../curve-plot.js';
import { flopsText } from '../numbers.js';

/** Draws Dice against MFLOPs, and where a factor is on it; within `yRange`, else around the points. */
export function drawCostCurve(
  svg: SVGSVGElement,
  points: readonly AccuracyCostPoint[],
  current?: { readonly factor: number; readonly gflops: number },
  yRange?: readonly [low: number, high: number],
): void {
  const known = points.filter(
    (point): point is AccuracyCostPoint & { dice: number; gflops: number } =>
      point.dice !== null && point.gflops !== null,
  );
  const plotted = known.map(({ factor, dice, gflops }) => ({
    x: 1000 * gflops,
    y: dice,
    title: `φ ${factor}: Dice ${dice.toFixed(3)}, ${flopsText(gflops)}`,
  }));
  const here = current === undefined ? undefined : placeOn(known, current);
  drawPlot(svg, {
    points: plotted,
    xLabel: 'MFLOPs',
    yLabel: 'Dice',
    hasMarks: true,
    ...(yRange === undefined ? {} : { yRange }),
    ...(here === undefined ? {} : { current: here }),
    description: describe(known, here),
  });
}

/** Between the two measured factors around it, linearly. */
function placeOn(
  known: readonly { readonly factor: number; readonly dice: number }[],
  { factor, gflops }: { readonly factor: number; readonly gflops: number },
): PlotPoint | undefined {
  const rising = [...known].sort((a, b) => a.factor - b.factor);
  const above = rising.findIndex((point) => point.factor >= factor - 1e-9);
  if (above < 0) return undefined;
  const high = rising[above]!;
  const low = rising[Math.max(0, above - 1)]!;
  if (factor < low.factor - 1e-9) return undefined;
  const share = high.factor === low.factor ? 1 : (factor - low.factor) / (high.factor - low.factor);
  const dice = low.dice + share * (high.dice - low.dice);
  return { x: 1000 * gflops, y: dice, title: `φ ${factor}: Dice about ${dice.toFixed(3)}` };
}

function describe(
  known: readonly { readonly factor: number; readonly dice: number; readonly gflops: number }[],
  here: PlotPoint | undefined,
): string {
  if (known.length === 0) return 'Accuracy–cost curve: nothing measured yet';
  const tell = ({ factor, dice, gflops }: (typeof known)[number]) =>
    `factor ${factor}: Dice ${dice.toFixed(3)} for ${flopsText(gflops)}`;
  const now = here === undefined ? '' : ` Now: ${here.title}.`;
  return `Accuracy–cost curve from ${tell(known[0]!)} to ${tell(known.at(-1)!)}.${now}`;
}
