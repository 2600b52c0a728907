import { type AccuracyCostPoint, type NamedSetting, settingKey, settingText } from '@sshn/model';
import { drawPlot, type PlotPoint } from '../curve-plot.js';
import { flopsText } from '../numbers.js';

/** A point that was evaluated and counted. */
type Known = AccuracyCostPoint & { readonly dice: number; readonly gflops: number };

/** Where the page stands. */
interface Place {
  readonly at: NamedSetting;
  readonly gflops: number;
}

/** Draws Dice against MFLOPs, and where a setting is on it; within `yRange`, else around the points. */
export function drawCostCurve(
  svg: SVGSVGElement,
  points: readonly AccuracyCostPoint[],
  current?: Place,
  yRange?: readonly [low: number, high: number],
): void {
  const known = points
    .filter((point): point is Known => point.dice !== null && point.gflops !== null)
    .sort((a, b) => a.gflops - b.gflops);
  const plotted = known.map((point) => ({
    x: 1000 * point.gflops,
    y: point.dice,
    title: `φ ${settingText(point)}: Dice ${point.dice.toFixed(3)}, ${flopsText(point.gflops)}`,
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

/** The point of that setting; else, of points that differ in their factor alone, between the two around it, linearly. */
function placeOn(known: readonly Known[], { at, gflops }: Place): PlotPoint | undefined {
  const same = known.find((point) => settingKey(point) === settingKey(at));
  if (same !== undefined)
    return { x: 1000 * gflops, y: same.dice, title: `φ ${settingText(same)}: Dice ${same.dice.toFixed(3)}` };
  const alike = known
    .filter(
      ({ width = 1, resolution = 1 }) => width === (at.width ?? 1) && resolution === (at.resolution ?? 1),
    )
    .flatMap(({ factor, dice }) => (typeof factor === 'number' ? [{ factor, dice }] : []));
  const { factor } = at;
  if (typeof factor !== 'number' || alike.length < 2) return undefined;
  const rising = alike.sort((a, b) => a.factor - b.factor);
  const above = rising.findIndex((point) => point.factor >= factor - 1e-9);
  if (above < 0) return undefined;
  const high = rising[above]!;
  const low = rising[Math.max(0, above - 1)]!;
  if (factor < low.factor - 1e-9) return undefined;
  const share = high.factor === low.factor ? 1 : (factor - low.factor) / (high.factor - low.factor);
  const dice = low.dice + share * (high.dice - low.dice);
  return { x: 1000 * gflops, y: dice, title: `φ ${settingText(at)}: Dice about ${dice.toFixed(3)}` };
}

function describe(known: readonly Known[], here: PlotPoint | undefined): string {
  if (known.length === 0) return 'Accuracy–cost curve: nothing measured yet';
  const tell = (point: Known) =>
    `factor ${settingText(point)}: Dice ${point.dice.toFixed(3)} for ${flopsText(point.gflops)}`;
  const now = here === undefined ? '' : ` Now: ${here.title}.`;
  return `Accuracy–cost curve from ${tell(known[0]!)} to ${tell(known.at(-1)!)}.${now}`;
}
