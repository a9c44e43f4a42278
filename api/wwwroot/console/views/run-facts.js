// What there is to say of a run in a line: of its plan, its times, and how far it is.

import { now, query } from '../lib/api.js';
import { h, replace, setText } from '../lib/dom.js';
import { count, duration, fullTime, millis } from '../lib/format.js';
import { saveLink } from '../lib/save.js';
import { ENDED } from './run-row.js';

export class RunFacts {
  constructor() {
    this.element = h('dl', { class: 'facts' });
  }

  /** Called again and again: times go on. */
  show(run) {
    const attempts = run.steps.reduce((n, s) => n + s.attempts.length, 0);
    const accepted = millis(run.accepted_at);
    const started = millis(run.last_started_at);
    const facts = [
      ['Plan', [h('a', { href: `#/plans/${encodeURIComponent(run.plan)}` }, run.plan), ` @ ${run.plan_version}`]],
      ['Accepted', fullTime(accepted)],
      ...(run.starts_at ? [['Starts', fullTime(millis(run.starts_at))]] : []),
      ['Waited for its turn', waitedOf(run)],
      [run.last_started_at === run.started_at ? 'Duration' : 'Duration since its retry', lastedOf(run, started)],
      ['Steps', stepsOf(run.steps)],
      ['Attempts', String(attempts)],
      ...(run.labels ? [['Labels', labelsOf(run.labels)]] : []),
      ...(run.submitted_by ? [['Posted by', run.submitted_by]] : []),
      ...(run.parent ? [['Started by', parentLink(run.parent)]] : []),
      ...(run.supersedes ? [['Supersedes', runLink(run.supersedes)]] : []),
      ...(run.superseded_by ? [['Superseded by', runLink(run.superseded_by)]] : []),
      ...(ENDED.has(run.status) ? [['Receipt', receiptLink(run.run_id)]] : []),
      ['Run', run.run_id],
    ];
    if (this.element.childElementCount !== facts.length) {
      replace(
        this.element,
        facts.map(([name]) => h('div', null, h('dt', null, name), h('dd'))),
      );
    }
    facts.forEach(([name, value], i) => {
      const { firstChild: label, lastChild: shown } = this.element.children[i];
      setText(label, name);
      if (typeof value === 'string') setText(shown, value);
      else if (!shown.firstChild) replace(shown, value);
    });
  }
}

/** Before its first start; what its attempts waited for slots is theirs. */
function waitedOf(run) {
  const from = millis(run.starts_at) ?? millis(run.accepted_at);
  if (run.started_at) return duration(millis(run.started_at) - from);
  const waited = millis(run.ended_at) - from;
  if (ENDED.has(run.status)) return waited > 0 ? `${duration(waited)}, and did not start` : 'did not start';
  return now() < from ? 'not yet' : `${duration(now() - from)} so far`;
}

function lastedOf(run, started) {
  if (!started) return '–';
  return ENDED.has(run.status) ? duration(millis(run.ended_at) - started) : `${duration(now() - started)} so far`;
}

/** "2 of 3 completed, 1 failed": what has ended in another way is not done. */
function stepsOf(steps) {
  const counts = Map.groupBy(steps, s => s.status);
  const others = ['failed', 'skipped', 'cancelled'].filter(status => counts.has(status));
  return [
    `${count(counts.get('completed')?.length ?? 0)} of ${count(steps.length)} completed`,
    ...others.map(status => `${count(counts.get(status).length)} ${status}`),
  ].join(', ');
}

/** Links to the runs that have the same label. */
const labelsOf = labels =>
  Object.entries(labels).flatMap(([name, text]) => [
    h('a', { class: 'label', href: `#/runs${query({ label: `${name}:${text}` })}` }, `${name}: ${text}`),
    ' ',
  ]);

const receiptLink = run => saveLink(`api/v1/runs/${run}/receipt`, `receipt-${run}.json`, 'Save');

const runLink = run => h('a', { href: `#/runs/${run}` }, `run ${run.slice(-8)}`);

/** The step whose work a run is. */
function parentLink({ run, step }) {
  return h('a', { href: `#/runs/${run}?step=${encodeURIComponent(step)}` }, `${step} of run ${run.slice(-8)}`);
}
