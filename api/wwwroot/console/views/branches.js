// The items of a step that asks for each: how many are in which state, and the attempts of those that somebody unfolds.
// What failed comes first. Only what is unfolded exists, so tens of thousands are no burden.

import { h } from '../lib/dom.js';
import { count, mark, plural, word } from '../lib/format.js';

const PAGE = 50;
const LONGEST_ITEM = 80;
const ORDER = ['failed', 'retrying', 'running', 'waiting', 'succeeded', 'cancelled'];
const SAID = { succeeded: 'ok', waiting: 'waiting for a slot' };

/** The attempt that says how a branch is: beside a backup it is not always the last. */
export const decisiveOf = attempts =>
  attempts.findLast(a => a.status === 'running') ??
  attempts.findLast(a => a.status === 'queued') ??
  attempts.findLast(a => !a.is_hedge || a.status === 'succeeded') ??
  attempts.at(-1);

/** How many of a step's items are in which state, what failed first: { state, branches: [index, attempts][] }. */
export function groupsOf(step) {
  const groups = new Map(ORDER.map(state => [state, []]));
  for (const branch of [...Map.groupBy(step.attempts, a => a.branch)].sort(([a], [b]) => a - b))
    groups.get(branchState(decisiveOf(branch[1]), step)).push(branch);
  return [...groups].filter(([, branches]) => branches.length).map(([state, branches]) => ({ state, branches }));
}

function branchState(last, step) {
  if (last.status === 'queued') return 'waiting';
  if (last.status !== 'failed' && last.status !== 'timed_out') return last.status;
  return last.retry_at && step.status === 'running' ? 'retrying' : 'failed';
}

/** "1 failed, 2 running, 57 ok". */
export const summaryOf = groups =>
  groups.map(({ state, branches }) => `${count(branches.length)} ${SAID[state] ?? word(state)}`).join(', ');

export class Branches {
  /** @param show Makes the box of an attempt: (attempt, step). */
  constructor(show) {
    this.show = show;
    // What is unfolded stays so when the step goes on, whichever group an item has come to.
    this.open = new Map();
    this.pages = new Map();
  }

  /** @param items The items by index, each a Json; null where they are not known. */
  list(step, items) {
    if (this.step !== step.id) {
      this.open.clear();
      this.pages.clear();
      this.step = step.id;
    }
    const groups = groupsOf(step);
    const begun = groups.reduce((n, { branches }) => n + branches.length, 0);
    const missing = (step.branches ?? begun) - begun;
    return [
      h('p', { class: 'branch-counts' }, summaryOf(groups), missing > 0 ? `, ${count(missing)} not begun` : ''),
      groups.map((group, i) => this.#group(group, i === 0, step, items)),
    ];
  }

  #group({ state, branches }, first, step, items) {
    return this.#fold(
      `group ${state}`,
      first,
      { class: 'branch-group', dataset: { state } },
      [h('i', { 'aria-hidden': 'true' }, mark(state)), ` ${plural(branches.length, 'item')} ${SAID[state] ?? word(state)}`],
      box => this.#page(box, state, branches, step, items, 0),
    );
  }

  #page(box, state, branches, step, items, from) {
    const to = Math.max(from + PAGE, this.pages.get(state) ?? 0);
    box.append(...branches.slice(from, to).map(branch => this.#branch(branch, branches.length === 1, step, items)));
    if (to >= branches.length) return;
    const more = h(
      'button',
      {
        type: 'button',
        class: 'quiet small',
        onclick: () => {
          more.remove();
          this.pages.set(state, to + PAGE);
          this.#page(box, state, branches, step, items, to);
        },
      },
      `${count(branches.length - to)} more`,
    );
    box.append(more);
  }

  #branch([index, attempts], only, step, items) {
    const item = items?.[index]?.compact().text ?? '';
    const { error } = decisiveOf(attempts);
    const shown = item.length > LONGEST_ITEM ? `${item.slice(0, LONGEST_ITEM)}…` : item;
    return this.#fold(
      `branch ${index}`,
      only,
      { class: 'branch' },
      [
        h('b', null, `[${index}] `),
        h('code', null, shown),
        attempts.length > 1 ? h('span', { class: 'dim' }, ` · ${plural(attempts.length, 'attempt')}`) : null,
        error ? h('span', { class: 'dim block' }, error.message) : null,
      ],
      box => box.append(...attempts.map(a => this.show(a, step))),
    );
  }

  #fold(key, open, props, summary, fill) {
    const body = h('div');
    const box = h('details', props, h('summary', null, summary), body);
    const unfold = () => {
      if (box.open && !body.firstChild) fill(body);
    };
    box.open = this.open.get(key) ?? open;
    unfold();
    box.addEventListener('toggle', () => {
      this.open.set(key, box.open);
      unfold();
    });
    return box;
  }
}
