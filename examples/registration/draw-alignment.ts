import { encode } from 'fast-png';

const titles = ['moving', 'fixed', 'moved'];
const [scale, gap, heading] = [4, 16, 24];

/** Three images of an edge side by side; over the last one the deformed grid, as an SVG. */
export function drawAlignment(
  images: readonly ArrayLike<number>[],
  field: ArrayLike<number>,
  edge: number,
): string {
  const shown = scale * edge;
  const panels = images.map((values, i) => {
    const content = [
      `<text y="16" font-family="sans-serif" font-size="14" fill="#555">${titles[i]}</text>`,
      `<image y="${heading}" width="${shown}" height="${shown}" href="${pictureOf(values, edge)}"/>`,
    ];
    return `<g transform="translate(${i * (shown + gap)} 0)">${content.join('')}</g>`;
  });
  const lines = gridLines(field, edge).map((points) => `<polyline points="${points}"/>`);
  const offset = `translate(${2 * (shown + gap)} ${heading}) scale(${scale})`;
  const grid = `<g transform="${offset}" fill="none" stroke="#e69f00" stroke-width="0.35">${lines.join('')}</g>`;
  const [width, height] = [3 * shown + 2 * gap, shown + heading];
  const box = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${box}>${panels.join('')}${grid}</svg>\n`;
}

/** Grey values from 0 to 1 as the address of a PNG. */
function pictureOf(values: ArrayLike<number>, edge: number): string {
  const data = Uint8Array.from(values, (value) => 255 * Math.min(1, Math.max(0, value)));
  const png = encode({ width: edge, height: edge, channels: 1, depth: 8, data });
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}

/** Every fourth row and column, each point where the field takes it: where the moved image's pixels come from. */
function gridLines(field: ArrayLike<number>, edge: number): string[] {
  const point = (y: number, x: number) => {
    const i = 2 * (y * edge + x);
    return `${(x + 0.5 + field[i + 1]!).toFixed(2)},${(y + 0.5 + field[i]!).toFixed(2)}`;
  };
  const along = Array.from({ length: edge }, (_, i) => i);
  return along
    .filter((i) => i % 4 === 2)
    .flatMap((i) => [along.map((x) => point(i, x)).join(' '), along.map((y) => point(y, i)).join(' ')]);
}
