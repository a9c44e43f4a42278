// JSON as a tree that unfolds. Only what is unfolded exists, so large outputs are no burden.

import { copy, h } from './dom.js';
import { bytes, plural } from './format.js';

const PAGE = 100;

export function jsonView(value, label) {
  const text = JSON.stringify(value, null, 2);
  return h(
    'div',
    { class: 'json', role: 'group', 'aria-label': label },
    h(
      'div',
      { class: 'json-bar' },
      h('span', { class: 'dim' }, bytes(text.length)),
      h('button', { type: 'button', class: 'quiet small', onclick: () => copy(text, label) }, 'Copy'),
    ),
    node(null, value, true),
  );
}

function node(name, value, open = false) {
  const key = name === null ? null : [h('span', { class: 'json-key' }, name), ': '];
  if (value === null || typeof value !== 'object') {
    const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
    return h(
      'div',
      { class: 'json-leaf' },
      key,
      h('span', { class: `json-${value === null ? 'null' : typeof value}` }, shown),
    );
  }
  const entries = Array.isArray(value) ? value.map((v, i) => [String(i), v]) : Object.entries(value);
  if (entries.length === 0) return h('div', { class: 'json-leaf' }, key, Array.isArray(value) ? '[]' : '{}');
  if (Array.isArray(value) && entries.length <= 8 && value.every(v => v === null || typeof v !== 'object')) {
    return h(
      'div',
      { class: 'json-leaf' },
      key,
      h('span', { class: 'json-number' }, JSON.stringify(value).replaceAll(',', ', ')),
    );
  }
  const summary = h(
    'summary',
    null,
    key,
    h(
      'span',
      { class: 'dim' },
      Array.isArray(value) ? `[ ${plural(entries.length, 'item')} ]` : `{ ${plural(entries.length, 'field')} }`,
    ),
  );
  const box = h('details', null, summary);
  const unfold = () => {
    if (box.open && box.childElementCount === 1) box.append(page(entries, 0));
  };
  box.addEventListener('toggle', unfold);
  if (open) {
    box.open = true;
    unfold();
  }
  return box;
}

function page(entries, from) {
  const list = h(
    'div',
    { class: 'json-children' },
    entries.slice(from, from + PAGE).map(([name, value]) => node(name, value)),
  );
  if (from + PAGE < entries.length) {
    const more = h(
      'button',
      {
        type: 'button',
        class: 'quiet small',
        onclick: () => more.replaceWith(page(entries, from + PAGE)),
      },
      `${plural(entries.length - from - PAGE, 'more', 'more')}`,
    );
    list.append(more);
  }
  return list;
}
