// Why an attempt went where it went: to which agent, and to which node.

import { h } from '../lib/dom.js';

/** The router's decision for an agent. */
export const decision = ({ agent, why, candidates }) =>
  reason(
    'Why here: ',
    why,
    table(
      'Candidates',
      'Candidate',
      candidates.map(c => ({ name: c.agent, chosen: c.agent === agent, because: c.because })),
    ),
  );

/** The choice of a node for that agent. */
export const placement = ({ node, why, candidates }) =>
  reason(
    'Why this node: ',
    why,
    table(
      'Nodes that were considered',
      'Node',
      candidates.map(c => ({ name: c.node, chosen: c.node === node, because: c.because })),
    ),
  );

const reason = (label, why, candidates) =>
  h('div', { class: 'why' }, h('p', null, h('span', { class: 'dim' }, label), why), candidates);

function table(label, column, rows) {
  if (rows.length === 0) return null;
  return h(
    'div',
    { class: 'scroll-x', tabindex: '0', role: 'group', 'aria-label': label },
    h(
      'table',
      null,
      h('caption', { class: 'hidden' }, `${label}, best first`),
      h('thead', null, h('tr', null, h('th', { scope: 'col' }, column), h('th', { scope: 'col' }, 'Because'))),
      h('tbody', null, rows.map(row)),
    ),
  );
}

const row = ({ name, chosen, because }) =>
  h(
    'tr',
    { class: chosen ? 'chosen' : null },
    h('th', { scope: 'row' }, name, chosen ? h('span', { class: 'hidden' }, ' (chosen)') : null),
    h('td', null, because),
  );
