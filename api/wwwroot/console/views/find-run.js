// The field that opens a run by its id.

import { h, toast } from '../lib/dom.js';
import { count } from '../lib/format.js';

/** @param rowsOf The rows that have been read, in which a part of an id is looked for; a whole id finds any run. */
export const findRun = rowsOf =>
  h('input', {
    type: 'search',
    class: 'find',
    placeholder: 'Run id',
    'aria-label': 'Open the run with this id',
    autocomplete: 'off',
    spellcheck: 'false',
    onkeydown: event => {
      if (event.key === 'Enter') open(event.target.value, rowsOf());
    },
  });

function open(text, rows) {
  const id = text.trim().toLowerCase().replaceAll('-', '');
  if (!id) return;
  const found = /^[0-9a-f]{32}$/.test(id) ? [{ id }] : rows.filter(row => row.id.includes(id));
  if (found.length === 1) {
    location.hash = `#/runs/${found[0].id}`;
    return;
  }
  const said = found.length
    ? `${count(found.length)} of the runs read so far have '${id}' in their id; type more of it.`
    : `None of the runs read so far has '${id}' in its id. A whole id finds any run.`;
  toast(said, 'bad');
}
