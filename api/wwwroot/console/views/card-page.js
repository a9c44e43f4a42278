// A page of cards below a heading with their number, which is looked at again every second.

import { h, replace, setText } from '../lib/dom.js';
import { Poll } from '../lib/poll.js';

export class CardPage {
  /**
   * @param name What the parts of the page are called in HTML: <name>-title, and <list> for the list.
   * @param read Asks the server.
   * @param show Shows what it has answered.
   */
  constructor(root, shell, { name, title, list, read, show }) {
    this.problem = h('p', { class: 'error-text', role: 'alert' });
    this.number = h('span', { class: 'dim' });
    this.note = h('p', { class: 'dim' });
    this.list = h('div', { class: list });
    this.cards = new Map();
    root.append(
      h(
        'section',
        { class: 'card', 'aria-labelledby': `${name}-title` },
        h('div', { class: 'list-bar' }, h('h1', { id: `${name}-title` }, title), this.number),
        this.problem,
        this.note,
      ),
      this.list,
    );
    this.poll = new Poll(shell, () => this.#look(read, show));
  }

  close() {
    this.closed = true;
    this.poll.close();
  }

  /** Says how many there are, and what there is to say of all of them. */
  say(number, note) {
    setText(this.number, number);
    setText(this.note, note);
  }

  /** Shows these cards, by id, in this order. Those that are there stay as they are. */
  put(cards) {
    const elements = [...cards.values()].map(c => c.element);
    const same = elements.length === this.list.children.length && elements.every((e, i) => e === this.list.children[i]);
    if (!same) replace(this.list, elements);
    this.cards = cards;
  }

  async #look(read, show) {
    try {
      const answer = await read();
      if (!this.closed) show(answer);
      setText(this.problem, '');
    } catch (error) {
      setText(this.problem, error.message);
    }
  }
}
