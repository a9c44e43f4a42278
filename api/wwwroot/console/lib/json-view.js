// JSON as a tree that unfolds. Only what is unfolded exists, so large outputs are no burden. Numbers are shown as they
// were written.

import { copy, h } from './dom.js';
import { bytes, plural } from './format.js';

const PAGE = 100;
const INLINE = 8;

/** @param json A Json. */
export function jsonView(json, label) {
  return h(
    'div',
    { class: 'json', role: 'group', 'aria-label': label },
    h(
      'div',
      { class: 'json-bar' },
      h('span', { class: 'dim' }, bytes(json.text.length)),
      h('button', { type: 'button', class: 'quiet small', onclick: () => copy(json.pretty(), label) }, 'Copy'),
    ),
    node(null, json, true),
  );
}

const isTree = json => json.type === 'object' || json.type === 'array';

/** Strings are written anew, so that their letters are readable; everything else is as it came. */
const shown = json => (json.type === 'string' ? JSON.stringify(json.value()) : json.text);

function node(name, json, open = false) {
  const key = name === null ? null : [h('span', { class: 'json-key' }, String(name)), ': '];
  const leaf = (type, text) => h('div', { class: 'json-leaf' }, key, h('span', { class: `json-${type}` }, text));
  if (!isTree(json)) return leaf(json.type, shown(json));
  const entries = json.entries();
  const isArray = json.type === 'array';
  if (entries.length === 0) return h('div', { class: 'json-leaf' }, key, isArray ? '[]' : '{}');
  if (isArray && entries.length <= INLINE && !entries.some(([, item]) => isTree(item)))
    return leaf('number', `[${entries.map(([, item]) => shown(item)).join(', ')}]`);
  const size = isArray ? `[ ${plural(entries.length, 'item')} ]` : `{ ${plural(entries.length, 'field')} }`;
  const box = h('details', null, h('summary', null, key, h('span', { class: 'dim' }, size)));
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
