import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { bar, terminalOn } from './terminal.js';

/** A stream like the ones of a process, and what was written to it. */
function stream(tty: { isTTY: boolean; colors?: boolean }) {
  const through = new PassThrough();
  const written: string[] = [];
  through.on('data', (chunk: Buffer) => written.push(chunk.toString()));
  const like = Object.assign(through, {
    ...tty,
    columns: 90,
    rows: 30,
    hasColors: () => tty.colors === true,
  });
  return { stream: like as unknown as NodeJS.WriteStream, text: () => written.join('') };
}

describe('terminalOn', () => {
  it('writes plain lines and nothing live to a pipe', () => {
    const { stream: pipe, text } = stream({ isTTY: false, colors: true });
    const terminal = terminalOn(pipe);
    terminal.live('50 %');
    terminal.line(terminal.style('red', 'done'));
    terminal.clear();
    expect(terminal.isLive).toBe(false);
    expect(text()).toBe('done\n');
  });

  it('redraws a block on a terminal and keeps lines above it', () => {
    const { stream: screen, text } = stream({ isTTY: true });
    const terminal = terminalOn(screen);
    terminal.live('50 %');
    terminal.line('epoch 1');
    terminal.live('60 %');
    terminal.clear();
    expect(terminal.columns).toBe(90);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what is erased is what is tested.
    expect(text()).toMatch(/50 %\n.*\x1b\[2K.*epoch 1\n.*60 %\n.*\x1b\[2K/s);
  });

  it('colors where the terminal has colors, and only there', () => {
    expect(terminalOn(stream({ isTTY: true, colors: true }).stream).style('green', 'best')).toContain(
      '\x1b[32m',
    );
    expect(terminalOn(stream({ isTTY: true, colors: false }).stream).style('green', 'best')).toBe('best');
  });
});

it.each([
  [0, '░░░░'],
  [0.5, '██░░'],
  [0.53125, '██▏░'],
  [1, '████'],
  [-1, '░░░░'],
  [2, '████'],
])('a bar filled to %f', (share, text) => {
  expect(bar(share, 4)).toBe(text);
});
