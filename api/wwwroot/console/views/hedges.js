// What backups have cost and gained in the newest runs of a plan; nothing where none of its steps asks for one.

import { get } from '../lib/api.js';
import { h, replace, setText } from '../lib/dom.js';
import { duration } from '../lib/format.js';

const COLUMNS = [
  'Step',
  'Executions',
  'Backups',
  'Won',
  'Lost',
  'Refused',
  'Did not stop',
  'Losers ran',
  'Saved',
  'p50, p99',
  'Without',
];

export class Hedges {
  constructor(plan) {
    this.plan = plan;
    this.note = h('p', { class: 'dim' });
    this.body = h('tbody');
    this.element = h(
      'section',
      { class: 'card', 'aria-label': 'Backups', hidden: true },
      h('h2', null, 'Backups'),
      h(
        'div',
        { class: 'scroll-x' },
        h('table', null, h('thead', null, h('tr', null, COLUMNS.map(name => h('th', { scope: 'col' }, name)))), this.body),
      ),
      this.note,
    );
  }

  /** @param steps The definitions of the plan's steps. */
  async read(steps) {
    if (!steps.some(step => step.hedge)) {
      this.element.hidden = true;
      return;
    }
    const report = await get(`api/v1/plans/${encodeURIComponent(this.plan)}/hedges`);
    replace(this.body, report.steps.map(row));
    setText(
      this.note,
      report.steps.some(step => step.at_least)
        ? `Of the newest ${report.runs} runs that have ended. ≥: first attempts that stopped when they were told to would have taken longer.`
        : `Of the newest ${report.runs} runs that have ended.`,
    );
    this.element.hidden = false;
  }
}

const row = step =>
  h(
    'tr',
    null,
    [
      step.step,
      step.executions,
      step.started,
      step.won,
      step.lost,
      step.refused,
      step.did_not_stop,
      duration(step.lost_seconds * 1000),
      atLeast(step, duration(step.saved_seconds * 1000)),
      latency(step.with_ms),
      atLeast(step, latency(step.without_ms)),
    ].map(text => h('td', null, String(text))),
  );

const atLeast = (step, text) => (step.at_least ? `≥ ${text}` : text);

const latency = ms => (ms ? `${duration(ms.p50)}, ${duration(ms.p99)}` : '–');

/** What became of an agent that was told to stop, in words. */
export function receiptOf({ state, acknowledged, asked_at: asked, stopped_at: stopped, given_up_at: given, seconds, gpu_seconds: gpu }) {
  const after = at => duration(Date.parse(at) - Date.parse(asked));
  const end =
    state === 'stopped'
      ? `${acknowledged ? 'stopped' : 'ran to its end,'} ${after(stopped)} after it was told to`
      : state === 'did_not_stop'
        ? `did not stop when it was told to; its slot was taken after ${after(given)}`
        : 'was told to stop; nothing was heard since';
  return gpu === undefined || seconds === undefined ? end : `${end}, ${duration(gpu * 1000)} of a GPU`;
}
