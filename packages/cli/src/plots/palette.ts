/** The colors of a plot, as CSS. */
export interface Palette {
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  readonly background: string;
  /** One per curve; told apart with all common kinds of color blindness. */
  readonly curves: readonly string[];
}

/** For print and for files: black on white, the colors of Okabe and Ito. */
export const paperPalette: Palette = {
  ink: '#1a1a1a',
  muted: '#6b6b6b',
  grid: '#e4e4e4',
  background: '#ffffff',
  curves: ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'],
};

/** For a page that defines these variables for light and dark. */
export const pagePalette: Palette = {
  ink: 'var(--ink)',
  muted: 'var(--muted)',
  grid: 'var(--grid)',
  background: 'var(--panel)',
  curves: [1, 2, 3, 4, 5, 6].map((which) => `var(--curve-${which})`),
};

/**
 * Colors of labels in overlays, by label value from 1, as `[red, green, blue]`: Okabe and Ito's, the ones that stand
 * out on stained and on grey images first.
 */
export const labelColors: ReadonlyArray<readonly [number, number, number]> = [
  [86, 180, 233],
  [230, 159, 0],
  [0, 158, 115],
  [204, 121, 167],
  [240, 228, 66],
  [213, 94, 0],
  [0, 114, 178],
];

/** The color of a label value ≥ 1; they repeat when there are more labels than colors. */
export function labelColor(label: number): readonly [number, number, number] {
  return labelColors[(label - 1) % labelColors.length]!;
}
