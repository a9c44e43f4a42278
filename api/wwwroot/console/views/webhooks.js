// Who is told what becomes of a run, and what has come of that.

import { h, replace } from '../lib/dom.js';
import { millis, time } from '../lib/format.js';

export class Webhooks {
  constructor() {
    this.rows = h('tbody');
    this.element = h(
      'section',
      { class: 'card', 'aria-label': 'Webhooks', hidden: true },
      h('h2', null, 'Webhooks'),
      h('div', { class: 'scroll-x' }, h('table', null, heads('Webhook', 'Told', 'State', 'Tries', 'Remark'), this.rows)),
    );
  }

  show(run) {
    const webhooks = run.webhooks ?? [];
    const shown = JSON.stringify(webhooks);
    if (this.shown === shown) return;
    this.shown = shown;
    this.element.hidden = webhooks.length === 0;
    replace(this.rows, webhooks.flatMap(rowsOf));
  }
}

const heads = (...names) => h('thead', null, h('tr', null, ...names.map(name => h('th', null, name))));

const cells = (...texts) => h('tr', null, ...texts.map(text => h('td', null, text)));

// One that has not been told anything yet has a row too.
function rowsOf({ url, on, deliveries }) {
  if (deliveries.length === 0) return [cells(url, on.join(', '), '', '', 'nothing yet')];
  return deliveries.map(d =>
    cells(url, d.step ? `${d.event} (${d.step})` : d.event, d.state, String(d.tries), remark(d)),
  );
}

const remark = d =>
  [d.last_error, d.next_try_at ? `It is tried again at ${time(millis(d.next_try_at))}.` : null].filter(Boolean).join(' ');
