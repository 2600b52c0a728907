export { type Curve, type CurvePoint, curvesOf } from './pareto/curve.js';
export type { Environment, ParetoReport } from './pareto/report-data.js';
export { type ResultSource, resultColumns, resultsCsv } from './pareto/results-csv.js';
export { type CostAxis, type CurvePlotOptions, curvePlot } from './plots/curve-plot.js';
export { type Drawing, draw, type Palette, paperPalette, svgFile } from './plots/draw.js';
export { type PageOptions, reportPage } from './report/page.js';
