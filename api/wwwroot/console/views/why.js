// Why an attempt went where it went: to which agent, and to which node.

import { h } from '../lib/dom.js';
import { bytes } from '../lib/format.js';

/** The router's decision for an agent. */
export function decision({ agent, why, candidates }) {
  return reason(
    'Why here: ',
    why,
    table(
      'Candidates',
      ['Candidate', 'Priority', 'Free', 'Load', 'Score'],
      candidates.map(c => ({
        name: c.agent,
        chosen: c.agent === agent,
        note: c.note,
        cells: [c.priority, c.free_slots, c.load.toFixed(2), Math.round(c.score)],
      })),
    ),
  );
}

/** The choice of a node for that agent. */
export function placement({ node, why, candidates }) {
  // Where no node accounts for GPU memory there is nothing to show of it.
  const memory = candidates.some(c => c.free_gpu_memory_bytes !== undefined);
  return reason(
    'Why this node: ',
    why,
    table(
      'Nodes that were considered',
      ['Node', 'Free', 'Load', memory ? 'GPU free' : null, 'Score'].filter(Boolean),
      candidates.map(c => ({
        name: c.node,
        chosen: c.node === node,
        note: c.note,
        cells: [
          c.free_slots,
          c.load.toFixed(2),
          memory ? bytes(c.free_gpu_memory_bytes) || '–' : null,
          Math.round(c.score),
        ].filter(v => v !== null),
      })),
    ),
  );
}

const reason = (label, why, candidates) =>
  h('div', { class: 'why' }, h('p', null, h('span', { class: 'dim' }, label), why), candidates);

function table(label, columns, rows) {
  if (rows.length === 0) return null;
  return h(
    'div',
    { class: 'scroll-x', tabindex: '0', role: 'group', 'aria-label': label },
    h(
      'table',
      null,
      h('caption', { class: 'hidden' }, `${label}, best first`),
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          columns.map((t, i) => h('th', { scope: 'col', class: i ? 'num' : null }, t)),
        ),
      ),
      h('tbody', null, rows.map(row)),
    ),
  );
}

function row({ name, chosen, note, cells }) {
  return h(
    'tr',
    { class: chosen ? 'chosen' : null },
    h(
      'th',
      { scope: 'row' },
      name,
      chosen ? h('span', { class: 'hidden' }, ' (chosen)') : null,
      note ? h('span', { class: 'dim block' }, note) : null,
    ),
    cells.map(value => h('td', { class: 'num' }, String(value))),
  );
}
