// The plans that can be named, with what became of their runs of late.

import { get, now, query } from '../lib/api.js';
import { h, replace, setText } from '../lib/dom.js';
import { count, millis, plural, time, word } from '../lib/format.js';
import { CardPage } from './card-page.js';
import { factList, listed } from './facts.js';

const DAY = 86_400_000;
const MOST_RUNS = 1000;
const MOST_STEPS = 12;
const LOOK_AGAIN = 15_000;

export function plansView(root, _, shell) {
  return new Plans(root, shell);
}

class Plans {
  constructor(root, shell) {
    this.page = new CardPage(root, shell, {
      name: 'plans',
      title: 'Plans',
      list: 'cards',
      read: () => this.#read(),
      show: plans => this.#show(plans),
    });
  }

  close() {
    this.page.close();
  }

  async #read() {
    const { plans } = await get('api/v1/plans');
    if (!this.asked || performance.now() - this.asked > LOOK_AGAIN) {
      this.asked = performance.now();
      this.#count(await get(`api/v1/runs?limit=${MOST_RUNS}`));
    }
    return plans;
  }

  // One page of runs says enough: a request for each plan would ask more of the server the more plans there are.
  #count({ runs, next }) {
    const since = now() - DAY;
    const oldest = millis(runs.at(-1)?.accepted_at);
    this.about =
      next && oldest > since
        ? `Runs are those of the newest ${count(runs.length)}, which go back to ${time(oldest)}.`
        : 'Runs are those that were accepted in the last 24 hours.';
    this.counts = new Map();
    for (const run of runs) {
      if (millis(run.accepted_at) < since) continue;
      const counts = this.counts.get(run.plan) ?? new Map();
      counts.set(run.status, (counts.get(run.status) ?? 0) + 1);
      this.counts.set(run.plan, counts);
    }
  }

  #show(plans) {
    this.page.say(count(plans.length), plans.length ? this.about : 'There are no plans in config/plans.');
    const cards = new Map();
    for (const plan of plans) {
      const id = `${plan.name} ${plan.version} ${plan.is_default}`;
      const card = this.page.cards.get(id) ?? cardOf(plan);
      card.show(this.counts.get(plan.name) ?? new Map());
      cards.set(id, card);
    }
    this.page.put(cards);
  }
}

function cardOf({ name, version, is_default: isDefault, definition }) {
  const steps = Object.keys(definition.steps);
  const shown = steps.slice(0, MOST_STEPS).join(', ');
  const runs = h('span');
  const element = h(
    'article',
    { class: 'card fact-card', 'aria-label': `Plan ${name}` },
    h(
      'h2',
      null,
      h('a', { href: `#/plans/${encodeURIComponent(name)}` }, name),
      isDefault ? h('span', { class: 'tag' }, 'default') : null,
    ),
    definition.description ? h('p', null, definition.description) : null,
    factList([
      ['Steps', `${plural(steps.length, 'step')}: ${shown}${steps.length > MOST_STEPS ? ', …' : ''}`],
      ['Version', version],
      ['Runs', runs],
    ]),
  );
  let told = null;
  const show = counts => {
    const text = JSON.stringify([...counts]);
    if (text === told) return;
    told = text;
    if (counts.size === 0) setText(runs, 'none');
    else replace(runs, listed([...counts].map(([status, n]) => link(name, status, n))));
  };
  return { element, show };
}

const link = (plan, status, n) =>
  h('a', { href: `#/runs${query({ plan, status, since: '24h' })}` }, `${count(n)} ${word(status)}`);
