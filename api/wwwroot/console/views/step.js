// Everything about one step: why it went where it went, what it was given, and what came of it.

import { getJson } from '../lib/api.js';
import { h, replace } from '../lib/dom.js';
import { bytes, count, duration, mark, millis, time, word } from '../lib/format.js';
import { Json } from '../lib/json.js';
import { jsonView } from '../lib/json-view.js';
import { find } from '../lib/path.js';
import { ArtifactList } from './artifacts.js';
import { Branches } from './branches.js';
import { stateOf } from './held-up.js';
import { receiptOf } from './hedges.js';
import { ENDED } from './run-row.js';
import { isMotion, Skeleton } from './skeleton.js';
import { outcome } from './timeline.js';
import { decision, placement } from './why.js';

const MOST_ATTEMPTS = 50;

export class StepPanel {
  /** @param retry Called with a step's id when the run is to be done anew from it. */
  constructor(path, retry) {
    this.path = path;
    this.retry = retry;
    this.branches = new Branches(attemptBox);
    this.head = h('div');
    this.motion = h('div');
    this.attempts = h('div');
    this.output = h('div');
    this.artifacts = new ArtifactList(path);
    this.input = h('div');
    this.element = h(
      'section',
      { class: 'card step', 'aria-label': 'Step details', tabindex: '-1' },
      this.head,
      this.motion,
      this.attempts,
      this.artifacts.element,
      this.output,
      this.input,
    );
  }

  close() {
    this.skeleton?.close();
    this.artifacts.close();
  }

  show(run, id) {
    const step = run.steps.find(s => s.id === id);
    if (!step) return;
    const { output, attempts, ...rest } = step;
    const ended = ENDED.has(run.status);
    const state = stateOf(step);
    this.#part(this.head, [rest, ended, state], () => [
      header(step, state),
      ended
        ? h(
            'div',
            { class: 'actions' },
            h(
              'button',
              { type: 'button', class: 'quiet small', onclick: () => this.retry(id) },
              'Retry from this step…',
            ),
          )
        : null,
    ]);
    this.#part(this.attempts, [id, step.status, attempts.map(changing)], () =>
      step.mode === 'each' && attempts.length ? this.#items(run, step) : attemptList(step),
    );
    this.#part(this.input, [id, step.needs.map(n => run.steps.find(s => s.id === n)?.status)], () =>
      asksNobody(step) ? [] : inputs(run, step),
    );
    this.#part(this.output, [id, step.status, step.output_bytes], () => this.#outputOf(step));
  }

  // What has not changed is left alone, so that what is unfolded stays so and nothing moves under the reader.
  #part(element, value, make) {
    const text = JSON.stringify(value);
    if (element.shown === text) return;
    element.shown = text;
    replace(element, make());
  }

  #items(run, step) {
    return h(
      'section',
      { 'aria-label': 'Items' },
      h('h3', null, `Items (${count(step.branches ?? 0)}), attempts (${count(step.attempts.length)})`),
      this.branches.list(step, this.#itemsOf(run, step)),
    );
  }

  /** What the step is done for, by index; null where the list is not part of what is known of the run here. */
  #itemsOf(run, step) {
    const path = run.plan_definition.get('steps')?.get(step.id)?.get('for_each')?.value();
    const outputOf = id => run.steps.find(s => s.id === id)?.output;
    const list = path && find(path, root => (root === 'input' ? run.input : outputOf(root)));
    if (list?.text !== this.listed?.text) {
      this.listed = list;
      this.items = list?.entries().map(([, item]) => item) ?? null;
    }
    return this.items ?? null;
  }

  #outputOf(step) {
    this.skeleton?.close();
    this.skeleton = null;
    replace(this.motion);
    this.artifacts.close();
    const box = h('section', { 'aria-label': 'Output' }, h('h3', null, 'Output'));
    if (step.output_bytes === undefined) {
      box.append(h('p', { class: 'dim' }, step.status === 'completed' ? 'There is none.' : 'There is none yet.'));
    } else if (step.output !== undefined) {
      this.#putOutput(box, step.output);
    } else {
      box.append(h('p', { class: 'dim' }, `Reading ${bytes(step.output_bytes)}…`));
      this.#fetchOutput(box, step);
    }
    return box;
  }

  async #fetchOutput(box, step) {
    try {
      const output = await getJson(`${this.path}/steps/${encodeURIComponent(step.id)}/output`);
      if (!box.isConnected) return;
      box.lastChild.remove();
      this.#putOutput(box, output);
    } catch (error) {
      box.lastChild.textContent = error.message;
      this.output.shown = null; // the next look at the run tries again
    }
  }

  #putOutput(box, output) {
    box.append(jsonView(output, 'Output'));
    const value = output.value();
    this.artifacts.show(value);
    if (!isMotion(value)) return;
    this.skeleton = new Skeleton(value);
    replace(this.motion, this.skeleton.element);
  }
}

/** What of an attempt can change: all of it would be much to compare, of thousands, again and again. */
const changing = a => [a.attempt, a.status, a.progress, a.progress_message, a.losses, a.retry_at, a.node, a.run];

/** How long a step took; and how much of that was work, where it has waited too. */
function tookOf(step) {
  const from = millis(step.started_at);
  const to = millis(step.ended_at);
  if (!from || !to) return null;
  const took = `took ${duration(to - from)}`;
  const worked = workedOf(step.attempts.filter(a => millis(a.queued_at) >= from));
  const waited = to - from - worked;
  return waited > 100 && waited > (to - from) / 10
    ? `${took}: ${worked ? duration(worked) : 'none'} of work, ${duration(waited)} of waiting`
    : took;
}

/** The time in which at least one of them ran. */
function workedOf(attempts) {
  const spans = attempts
    .filter(a => a.started_at && a.ended_at)
    .map(a => [millis(a.started_at), millis(a.ended_at)])
    .sort(([a], [b]) => a - b);
  let worked = 0;
  let end = 0;
  for (const [start, stop] of spans) {
    worked += Math.max(0, stop - Math.max(start, end));
    end = Math.max(end, stop);
  }
  return worked;
}

function header(step, state) {
  const facts = [
    step.mode === 'one' ? null : `mode ${step.mode}`,
    step.branches > 1 ? `${step.required} of ${step.branches} must succeed` : null,
    step.needs.length ? `needs ${step.needs.join(', ')}` : null,
    tookOf(step),
  ].filter(Boolean);
  return [
    h(
      'div',
      { class: 'step-head' },
      h('h2', null, step.id),
      h(
        'span',
        { class: `state ${state}` },
        h('i', { 'aria-hidden': 'true' }, mark(state)),
        h('b', null, word(state)),
      ),
    ),
    facts.length ? h('p', { class: 'dim' }, facts.join(' · ')) : null,
    step.skip_reason ? h('p', null, `Skipped: ${step.skip_reason}`) : null,
    step.error ? errorBox(step.error) : null,
  ];
}

const asksNobody = step => step.mode === 'wait' || step.mode === 'approve';

const errorBox = error =>
  h(
    'div',
    { class: 'error-box' },
    h('strong', null, `${error.code} · ${word(error.kind)}`),
    h('p', null, error.message),
    error.detail
      ? h('details', null, h('summary', null, error.type ?? 'Where'), h('pre', null, error.detail))
      : null,
  );

function attemptList(step) {
  if (asksNobody(step)) return h('p', { class: 'dim' }, 'It waits for a signal or a decision, and asks no agent.');
  if (step.attempts.length === 0) return h('p', { class: 'dim' }, 'Nobody has been asked yet.');
  const shown = step.attempts.slice(-MOST_ATTEMPTS);
  return h(
    'section',
    { 'aria-label': 'Attempts' },
    h('h3', null, `Attempts (${step.attempts.length})`),
    shown.length < step.attempts.length ? h('p', { class: 'dim' }, `The last ${shown.length} are shown.`) : null,
    shown.map(a => attemptBox(a, step)),
  );
}

function attemptBox(attempt, step) {
  const state = outcome(attempt, step);
  const queued = millis(attempt.queued_at);
  const started = millis(attempt.started_at);
  const ended = millis(attempt.ended_at);
  const facts = [
    attempt.node ? place(attempt) : null,
    attempt.run ? h('span', null, 'as run ', h('a', { href: `#/runs/${attempt.run}` }, attempt.run.slice(-8))) : null,
    started
      ? `waited ${duration(started - queued)}`
      : ended
        ? `waited ${duration(ended - queued)} for a slot, and did not start`
        : 'waits for a slot',
    started && ended ? `ran ${duration(ended - started)}` : null,
    attempt.output_bytes !== undefined ? bytes(attempt.output_bytes) : null,
    attempt.tokens !== undefined ? `${count(attempt.tokens)} tokens` : null,
    attempt.losses ? `its node went away ${attempt.losses}×` : null,
    attempt.cancel_reason,
    attempt.receipt ? receiptOf(attempt.receipt) : null,
    attempt.hedge && !ended ? backup(attempt.hedge) : null,
    attempt.retry_at ? again(attempt, step) : null,
  ].filter(Boolean);
  const open = attempt.status === 'running' || attempt.status === 'queued';
  return h(
    'article',
    { class: 'attempt', dataset: { state } },
    h(
      'div',
      { class: 'attempt-head' },
      h('span', { class: 'dim' }, `#${attempt.attempt}`),
      h('strong', null, attempt.agent),
      h('span', { class: `tag ${state}` }, word(state)),
    ),
    h(
      'p',
      { class: 'dim' },
      facts.flatMap((fact, i) => (i ? [' · ', fact] : [fact])),
    ),
    attempt.progress !== undefined && open
      ? h('progress', { max: 1, value: attempt.progress, 'aria-label': 'Progress' })
      : null,
    attempt.progress_message && open ? h('p', { class: 'dim' }, attempt.progress_message) : null,
    attempt.error ? errorBox(attempt.error) : null,
    attempt.decision ? decision(attempt.decision) : null,
    attempt.placement ? placement(attempt.placement) : null,
  );
}

/** When a backup is asked beside it, or why none is. */
const backup = ({ at, why }) => (at ? `a backup is asked at ${time(millis(at))} (${why})` : why);

/** That it is tried again, or was; nothing where the step has ended meanwhile. */
function again({ attempt, branch, retry_at: at }, step) {
  const next = step.attempts.find(a => a.branch === branch && a.attempt > attempt);
  if (next) return `tried again as #${next.attempt}`;
  return step.status === 'running' ? `is tried again at ${time(millis(at))}` : null;
}

/** The node that an attempt runs on, and its GPU there. */
function place({ node, placement: chosen }) {
  const gpu = chosen?.gpu === undefined ? '' : `, GPU ${chosen.gpu}`;
  return h('span', null, 'on ', h('a', { href: `#/nodes?node=${encodeURIComponent(node)}` }, node), gpu);
}

function inputs(run, step) {
  const parts = [
    h('h3', null, 'Input'),
    h(
      'p',
      { class: 'dim' },
      step.needs.length
        ? 'What was posted, and the outputs of the steps it needs, under their names.'
        : 'What was posted.',
    ),
  ];
  const outputs = step.needs.map(need => {
    const of = run.steps.find(s => s.id === need);
    return [need, of?.output ?? Json.of(of?.output_bytes ? `(${bytes(of.output_bytes)}, see step ${need})` : null)];
  });
  parts.push(jsonView(run.input.with(outputs), 'Input'));
  return h('section', { 'aria-label': 'Input' }, parts);
}
