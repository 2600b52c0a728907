import { describe, expect, it } from 'vitest';
import { html, jsonScript, raw } from './html.js';

describe('html', () => {
  it('escapes values and keeps pieces of HTML and lists of them', () => {
    const items = ['<b>', 'a & "b"'].map((text) => html`<li>${text}</li>`);
    expect(html`<ul>${items}</ul>${raw('<hr>')}${3}`.text).toBe(
      '<ul><li>&lt;b&gt;</li><li>a &amp; &quot;b&quot;</li></ul><hr>3',
    );
  });
});

describe('jsonScript', () => {
  it('holds JSON that cannot end its element', () => {
    const { text } = jsonScript('data', { name: '</script><script>alert(1)' });
    expect(text.match(/<\/script>/g)).toHaveLength(1);
    expect(JSON.parse(text.replace(/^<script[^>]*>|<\/script>$/g, ''))).toEqual({
      name: '</script><script>alert(1)',
    });
  });
});
