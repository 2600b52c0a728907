/** What is drawn of a factor. */
interface Point {
  readonly factor: number;
  readonly dice: number;
  readonly gflops: number;
}

const [width, height, margin] = [560, 360, 56];

/** Dice against GFLOPs as an SVG: one dot for each factor, joined in their order. */
export function drawCurve(points: readonly Point[]): string {
  const x = axis(
    points.map(({ gflops }) => gflops),
    margin,
    width - 16,
  );
  const y = axis(
    points.map(({ dice }) => dice),
    height - margin,
    16,
  );
  const places = points.map(({ gflops, dice }) => [x.place(gflops), y.place(dice)] as const);
  const dots = points.map(({ factor, dice, gflops }, i) => {
    const [left, top] = places[i]!;
    const title = `φ = ${factor.toFixed(2)}: Dice ${dice.toFixed(3)}, ${gflops.toFixed(3)} GFLOPs`;
    return `<circle cx="${left}" cy="${top}" r="4" fill="#0072b2"><title>${title}</title></circle>`;
  });
  const across = x.ticks.map((value) =>
    label(x.place(value), height - margin + 20, value.toFixed(3), 'middle'),
  );
  const up = y.ticks.map((value) => label(margin - 8, y.place(value) + 4, value.toFixed(2), 'end'));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
<path d="M${margin} 16V${height - margin}H${width - 16}" fill="none" stroke="#888"/>
<polyline points="${places.map((place) => place.join()).join(' ')}" fill="none" stroke="#0072b2" stroke-width="2"/>
${[...dots, ...across, ...up].join('\n')}
${label(width / 2, height - 12, 'GFLOPs per image', 'middle')}
<text transform="translate(14 ${height / 2}) rotate(-90)" text-anchor="middle">Dice on test images</text>
</svg>
`;
}

function label(left: number, top: number, text: string, anchor: 'middle' | 'end'): string {
  return `<text x="${left}" y="${top}" text-anchor="${anchor}">${text}</text>`;
}

/** Where values lie between two ends of the drawing, and five of them to write beside it. */
function axis(values: readonly number[], from: number, to: number) {
  const low = Math.min(...values);
  const range = Math.max(...values) - low || 1;
  return {
    place: (value: number) => Math.round(from + ((value - low) / range) * (to - from)),
    ticks: [0, 1, 2, 3, 4].map((i) => low + (range * i) / 4),
  };
}
