// The inbox: what waits for somebody's decision, over all runs.

import { getJson } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { ApprovalCard, withGiven } from './approval.js';
import { CardPage } from './card-page.js';

export function approvalsView(root, _, shell) {
  return new Approvals(root, shell);
}

class Approvals {
  constructor(root, shell) {
    this.page = new CardPage(root, shell, {
      name: 'approvals',
      title: 'Inbox',
      list: 'approvals',
      read: () => getJson('api/v1/approvals'),
      show: answer => this.#show(answer),
    });
  }

  close() {
    this.page.close();
  }

  #show(answer) {
    const { approvals, next } = answer.value();
    const texts = answer.get('approvals').entries();
    this.page.say(
      plural(approvals.length, 'decision'),
      approvals.length === 0
        ? 'Nothing waits for a decision.'
        : next
          ? 'These are from the newest runs; GET /api/v1/approvals may have more.'
          : '',
    );
    // Cards that are there stay: somebody may be about to fill one in.
    const cards = new Map();
    for (const [i, asked] of approvals.entries()) {
      const id = `${asked.decide} ${asked.since}`;
      cards.set(id, this.page.cards.get(id) ?? card(asked, texts[i][1].get('given')));
      cards.get(id).tick();
    }
    this.page.put(cards);
  }
}

function card(asked, given) {
  const about = h(
    'p',
    { class: 'dim' },
    h('a', { href: `#/runs/${asked.run_id}?step=${encodeURIComponent(asked.step)}` }, `${asked.match_id} / ${asked.round}`),
    ` · ${asked.plan} · ${asked.step}`,
  );
  return new ApprovalCard(withGiven({ ...asked, decide: asked.decide.replace(/^\//, '') }, given), about);
}
