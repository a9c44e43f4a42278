// Names with what they stand for, below each other.

import { h } from '../lib/dom.js';

/** @param pairs [name, text or elements]; those without anything to say are left out. */
export const factList = pairs =>
  h(
    'dl',
    { class: 'pairs' },
    pairs
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value))),
  );

/** Elements or texts with commas between them. */
export const listed = parts => parts.flatMap((part, i) => (i ? [', ', part] : [part]));
