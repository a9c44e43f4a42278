// Which statuses are shown: none chosen means any. It folds open, so that a choice of several needs no key to be held.

import { h, setText } from '../lib/dom.js';

export class StatusChoice {
  /**
   * @param statuses [status, what it is called]
   * @param chosen Those that are, with commas between them; as in the address.
   */
  constructor(statuses, chosen, onChange) {
    this.names = new Map(statuses);
    const wanted = new Set(chosen.split(','));
    this.boxes = statuses.map(([value]) => h('input', { type: 'checkbox', value, checked: wanted.has(value) }));
    this.said = h('span');
    this.fold = h(
      'details',
      { class: 'choice' },
      h('summary', null, h('span', { class: 'hidden' }, 'Status: '), this.said),
      h(
        'fieldset',
        null,
        h('legend', { class: 'hidden' }, 'Status'),
        this.boxes.map(box => h('label', null, box, this.names.get(box.value))),
      ),
    );
    this.element = h('div', { class: 'choice-field' }, h('span', { 'aria-hidden': 'true' }, 'Status'), this.fold);
    this.fold.addEventListener('change', event => {
      event.stopPropagation();
      this.#say();
      onChange();
    });
    // It lies over the list; whoever goes elsewhere is done with it.
    this.fold.addEventListener('keydown', event => {
      if (event.key !== 'Escape') return;
      this.fold.open = false;
      this.fold.firstChild.focus();
    });
    // With the keyboard. A click into it puts the focus on what is around it, which is not elsewhere.
    this.fold.addEventListener('focusout', ({ relatedTarget: to }) => {
      if (to && !to.contains(this.fold) && !this.fold.contains(to)) setTimeout(() => this.fold.removeAttribute('open'));
    });
    const elsewhere = ({ target }) => {
      if (!this.fold.contains(target)) this.fold.open = false;
    };
    this.fold.addEventListener('toggle', () => {
      if (this.fold.open) document.addEventListener('pointerdown', elsewhere);
      else document.removeEventListener('pointerdown', elsewhere);
    });
    this.#say();
  }

  /** As in the address. */
  get value() {
    return this.boxes
      .filter(box => box.checked)
      .map(box => box.value)
      .join();
  }

  clear() {
    for (const box of this.boxes) box.checked = false;
    this.#say();
  }

  #say() {
    const chosen = this.boxes.filter(box => box.checked).map(box => this.names.get(box.value));
    setText(this.said, chosen.join(', ') || 'any');
    this.said.title = chosen.join(', ');
  }
}
