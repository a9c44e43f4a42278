// One line of the list of runs.

import { now } from '../lib/api.js';
import { h, replace, setText } from '../lib/dom.js';
import { duration, fullTime, mark, millis, time, word, zone } from '../lib/format.js';
import { HOLDS } from './run-filters.js';

export const ENDED = new Set(['completed', 'failed', 'cancelled']);

/** What the list keeps of a run. */
export const rowOf = run => ({
  id: run.run_id,
  match: run.match_id,
  round: run.round,
  plan: run.plan,
  status: run.status,
  reason: run.reason ?? '',
  accepted: millis(run.accepted_at),
  started: millis(run.last_started_at),
  ended: millis(run.ended_at),
});

/** Why a run failed or was cancelled, from the event that says so; in the words of the list, and not longer. */
export const reasonOf = ({ stage, meta }) =>
  (stage === 'error' ? `${meta.code}: ${meta.error}` : stage === 'cancelled' ? meta.reason : '').slice(0, 200);

/** What stands above the rows. */
export const listHead = () =>
  h(
    'div',
    { class: 'row head', 'aria-hidden': 'true' },
    ['Status', 'Match / round', 'Plan', `Accepted, ${zone()}`, 'Duration', 'Run'].map(t => h('span', null, t)),
  );

/** An empty row; showRow fills it, again and again. */
export function makeRow() {
  const link = h('a', { class: 'run-link' });
  const reason = h('span', { class: 'run-reason' });
  const row = h(
    'div',
    {
      class: 'row',
      role: 'row',
      onclick: event => {
        if (event.target !== link) link.click();
      },
    },
    h('span', { role: 'cell' }),
    h('span', { role: 'cell', class: 'run-cell' }, link, reason),
    ...Array.from({ length: 4 }, () => h('span', { role: 'cell' })),
  );
  row.parts = [...row.children];
  row.link = link;
  row.reason = reason;
  return row;
}

/** @param state the status, or what holds the run up */
export function showRow(element, row, index, state) {
  const [status, , plan, accepted, took, id] = element.parts;
  if (status.dataset.state !== state) {
    status.dataset.state = state;
    status.className = `state ${state}`;
    replace(
      status,
      h('i', { 'aria-hidden': 'true' }, mark(state)),
      h('b', null, word(state)),
    );
    status.title = HOLDS[state] ?? word(state);
  }
  element.link.href = `#/runs/${row.id}`;
  setText(element.link, `${row.match} / ${row.round}`);
  element.link.title = `${row.match} / ${row.round}`;
  element.reason.hidden = !row.reason;
  setText(element.reason, row.reason);
  element.reason.title = row.reason;
  setText(plan, row.plan ?? '');
  setText(accepted, time(row.accepted));
  accepted.title = fullTime(row.accepted);
  setText(took, row.started ? duration((row.ended ?? now()) - row.started) : '');
  setText(id, row.id.slice(-8));
  element.setAttribute('aria-rowindex', index + 1);
  element.index = index;
}
