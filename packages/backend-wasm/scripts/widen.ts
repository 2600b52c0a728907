/**
 * Makes of functions that compute with four lanes such that compute with eight, as pairs of `v128`: every value becomes two, every
 * load and store two neighbors. So each kernel is written once.
 *
 * It knows what stands in `assembly/winograd-lines.ts`: functions of `const` declarations and stores, whose loads stand in
 * declarations. (A load between the two stores of a pair would keep V8 from merging them.)
 *
 * @param source Of a file.
 * @param names Functions to widen, which get `Pair` behind their names.
 */
export function widen(source: string, names: readonly string[]): string {
  return names.map((name) => widenFunction(source, name)).join('\n');
}

/** The halves of a pair, as ends of names. */
const HALVES = ['Low', 'High'] as const;

function widenFunction(source: string, name: string): string {
  const found = new RegExp(`export function ${name}\\(([^)]*)\\): void \\{\n(.*?)\n\\}\n`, 's').exec(source);
  if (found === null) throw new Error(`There is no function ${name}.`);
  const [, parameters = '', body = ''] = found;
  const values = new Set<string>();
  const typed = parameters.split(', ').flatMap((parameter) => {
    const [id = '', type] = parameter.split(': ');
    if (type !== 'v128') return parameter;
    values.add(id);
    return HALVES.map((half) => `${id}${half}: v128`);
  });
  const lines = body
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
    .map((statement) => widenStatement(statement, values));
  return [
    '@inline',
    `export function ${name}Pair(${typed.join(', ')}): void {`,
    ...lines.map((line) => `  ${line}`),
    '}',
    '',
  ].join('\n');
}

/** One statement for both halves; what it declares joins `values`. */
function widenStatement(statement: string, values: Set<string>): string {
  const stored = /^v128\.store\((.*)\)$/s.exec(statement);
  if (stored !== null) {
    const [address, value = ''] = partsOf(stored[1]!);
    if (value.includes('load')) throw new Error(`A load within a store: ${statement}`);
    return `v128.store(${address}, ${halfOf(value, 0, values)}); v128.store(${address}, ${halfOf(value, 1, values)}, 16);`;
  }
  const declared = /^const (.*)$/s.exec(statement);
  if (declared === null) throw new Error(`Neither a declaration nor a store: ${statement}`);
  const halves = partsOf(declared[1]!).flatMap((declaration) => {
    const [id = '', value = ''] = declaration.split(/ = (.*)/s);
    const both = HALVES.map((half, i) => `${id}${half} = ${halfOf(value, i, values)}`);
    values.add(id);
    return both;
  });
  return `const ${halves.join(', ')};`;
}

/** An expression for one half. */
function halfOf(expression: string, half: number, values: ReadonlySet<string>): string {
  return expression
    .replace(/\b[a-zA-Z]\w*\b/g, (id) => (values.has(id) ? `${id}${HALVES[half]}` : id))
    .replace(/v128\.load\(([^()]*)\)/g, (_, inner: string) => {
      const [address, offset = '0'] = partsOf(inner);
      return `v128.load(${address}, ${Number(offset) + 16 * half})`;
    });
}

/** What commas outside of parentheses part. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const [i, letter] of [...text].entries()) {
    if (letter === '(') depth++;
    else if (letter === ')') depth--;
    else if (letter === ',' && depth === 0) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  return [...parts, text.slice(start).trim()];
}
