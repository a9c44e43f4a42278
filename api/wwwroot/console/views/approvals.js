// The inbox: what waits for somebody's decision, over all runs.

import { getJson } from '../lib/api.js';
import { h, replace, setText } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { Poll } from '../lib/poll.js';
import { ApprovalCard, withGiven } from './approval.js';

export function approvalsView(root, _, shell) {
  return new Approvals(root, shell);
}

class Approvals {
  constructor(root, shell) {
    this.problem = h('p', { class: 'error-text', role: 'alert' });
    this.number = h('span', { class: 'dim' });
    this.note = h('p', { class: 'dim' });
    this.list = h('div', { class: 'approvals' });
    this.cards = new Map();
    root.append(
      h(
        'section',
        { class: 'card', 'aria-labelledby': 'approvals-title' },
        h('div', { class: 'list-bar' }, h('h1', { id: 'approvals-title' }, 'Inbox'), this.number),
        this.problem,
        this.note,
      ),
      this.list,
    );
    this.poll = new Poll(shell, () => this.#read());
  }

  close() {
    this.closed = true;
    this.poll.close();
  }

  async #read() {
    try {
      const answer = await getJson('api/v1/approvals');
      if (!this.closed) this.#show(answer);
      setText(this.problem, '');
    } catch (error) {
      setText(this.problem, error.message);
    }
  }

  #show(answer) {
    const { approvals, next } = answer.value();
    const texts = answer.get('approvals').entries();
    setText(this.number, plural(approvals.length, 'decision'));
    setText(
      this.note,
      approvals.length === 0
        ? 'Nothing waits for anybody.'
        : next
          ? 'These are those of the newest runs; there may be more, which GET /api/v1/approvals has.'
          : '',
    );
    // Cards that are there stay: somebody may be about to fill one in.
    const cards = new Map();
    for (const [i, asked] of approvals.entries()) {
      const id = `${asked.decide} ${asked.since}`;
      cards.set(id, this.cards.get(id) ?? card(asked, texts[i][1].get('given')));
      cards.get(id).tick();
    }
    const elements = [...cards.values()].map(c => c.element);
    const same = elements.length === this.list.children.length && elements.every((e, i) => e === this.list.children[i]);
    if (!same) replace(this.list, elements);
    this.cards = cards;
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
