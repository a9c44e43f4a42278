// What runs at set times: when next, and how it went last.

import { get, now, query } from '../lib/api.js';
import { h, replace, setText } from '../lib/dom.js';
import { count, duration, fullTime, mark, millis, plural, time, word } from '../lib/format.js';
import { RunStates } from '../lib/run-states.js';
import { CardPage } from './card-page.js';
import { factList } from './facts.js';

// The server looks for the last run of each of them, which is more than is good for every second.
const LOOK_AGAIN = 3000;

export function schedulesView(root, _, shell) {
  return new Schedules(root, shell);
}

class Schedules {
  constructor(root, shell) {
    this.page = new CardPage(root, shell, {
      name: 'schedules',
      title: 'Schedules',
      list: 'cards',
      read: () => this.#read(),
      show: schedules => this.#show(schedules),
    });
  }

  close() {
    this.page.close();
  }

  async #read() {
    if (!this.schedules || performance.now() - this.asked > LOOK_AGAIN) {
      ({ schedules: this.schedules } = await get('api/v1/schedules'));
      this.asked = performance.now();
    }
    return this.schedules;
  }

  #show(schedules) {
    this.page.say(
      count(schedules.length),
      schedules.length ? '' : 'Nothing runs at set times: config/schedules.yaml has no schedules.',
    );
    const cards = new Map();
    for (const schedule of schedules) {
      const { name, next_tick: next, last_run: last, ...said } = schedule;
      const id = JSON.stringify([name, said]);
      const card = this.page.cards.get(id) ?? new Card(schedule);
      card.show(schedule);
      cards.set(id, card);
    }
    this.page.put(cards);
  }
}

class Card {
  constructor({ name, cron, time_zone: zone, plan, overlap, catch_up: catchUp, paused }) {
    this.next = h('span');
    this.last = h('span');
    this.element = h(
      'article',
      { class: 'card fact-card', 'aria-label': `Schedule ${name}`, dataset: { state: paused ? 'paused' : '' } },
      h('h2', null, name, paused ? h('span', { class: 'tag' }, 'paused') : null),
      factList([
        ['Times', [h('code', null, cron), ` in ${zone}`]],
        ['Plan', h('a', { href: `#/plans/${encodeURIComponent(plan)}` }, plan)],
        ['Next', this.next],
        ['Last run', this.last],
        ['Overlap', word(overlap)],
        ['Catch up', catchUp === 0 ? 'none' : plural(catchUp, 'missed tick')],
        ['Runs', h('a', { href: `#/runs${query({ match_id: name })}` }, 'All of them')],
      ]),
    );
  }

  show({ paused, next_tick: next, last_run: last }) {
    setText(this.next, paused ? 'none while it is paused' : next ? inWords(millis(next)) : 'none any more');
    const text = JSON.stringify(last ?? null);
    if (text === this.shown) return;
    this.shown = text;
    replace(this.last, last ? outcome(last) : 'none that is kept');
  }
}

function inWords(at) {
  const left = at - now();
  return left > 0 ? `${fullTime(at)}, in ${duration(Math.ceil(left / 1000) * 1000)}` : `${fullTime(at)}, now`;
}

function outcome(run) {
  // As in the list of runs: one that waits is not shown as running.
  const states = new RunStates();
  states.list(run);
  const state = states.of(run.run_id, run.status);
  return [
    h('span', { class: `state ${state}` }, h('i', { 'aria-hidden': 'true' }, mark(state)), h('b', null, word(state))),
    ' ',
    h('a', { href: `#/runs/${run.run_id}` }, time(millis(run.accepted_at))),
    run.duration_ms === undefined ? '' : `, took ${duration(run.duration_ms)}`,
    run.reason ? h('span', { class: 'dim block' }, run.reason) : null,
  ];
}
