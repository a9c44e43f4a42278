// The newest runs of a plan or of an agent, as lines of the list of runs.

import { get, query } from '../lib/api.js';
import { h, replace, setText } from '../lib/dom.js';
import { RunStates } from '../lib/run-states.js';
import { listHead, makeRow, rowOf, showRow } from './run-row.js';

const MOST = 20;

export class RecentRuns {
  /** @param filter What they have in common, as in the address of the list: { plan } or { agent }. */
  constructor(filter) {
    this.filter = filter;
    this.note = h('p', { class: 'recent-note dim' }, 'Reading…');
    this.body = h('div', { role: 'rowgroup' });
    this.element = h(
      'section',
      { class: 'card list', 'aria-label': 'Newest runs' },
      h(
        'div',
        { class: 'list-bar' },
        h('h2', null, 'Newest runs'),
        h('div', { class: 'actions' }, h('a', { href: `#/runs${query(filter)}` }, 'All of them')),
      ),
      listHead(),
      h('div', { class: 'rows recent', role: 'table', 'aria-label': 'Newest runs' }, this.body),
      this.note,
    );
  }

  async read() {
    const { runs, next } = await get(`api/v1/runs${query({ ...this.filter, limit: MOST })}`);
    const states = new RunStates();
    for (const run of runs) states.list(run);
    const rows = runs.map(rowOf);
    if (this.body.childElementCount !== rows.length) replace(this.body, rows.map(makeRow));
    rows.forEach((row, i) => showRow(this.body.children[i], row, i, states.of(row.id, row.status)));
    setText(this.note, runs.length ? '' : next ? 'None among the newest runs.' : 'There is none.');
    this.note.hidden = runs.length > 0;
  }
}
