// One run: graph, timeline, steps, events; live while it runs.

import { curl, get, getJson, post } from '../lib/api.js';
import { ask, copy, h, replace, setText, toast } from '../lib/dom.js';
import { Feed } from '../lib/feed.js';
import { mark, word } from '../lib/format.js';
import { Json } from '../lib/json.js';
import { jsonView } from '../lib/json-view.js';
import { ApprovalCard, askedOf, withGiven } from './approval.js';
import { EventLog } from './events.js';
import { Graph } from './graph.js';
import { HeldUp, holdsOf, stateOf } from './held-up.js';
import { RunFacts } from './run-facts.js';
import { ENDED } from './run-row.js';
import { StepPanel } from './step.js';
import { Timeline } from './timeline.js';
import { Webhooks } from './webhooks.js';

const MOST_EVENTS = 20_000;

export function runView(root, { id, query }, shell) {
  return new Run(root, id, query.get('step'), shell);
}

class Run {
  constructor(root, id, step, shell) {
    this.id = id;
    this.path = `api/v1/runs/${id}`;
    this.shell = shell;
    this.selected = step;
    this.shown = {};
    this.#build(root);
    this.timer = setInterval(() => this.#tick(), 250);
    this.#begin();
  }

  close() {
    this.closed = true;
    clearInterval(this.timer);
    clearTimeout(this.again);
    this.feed?.close();
    this.step.close();
    this.events.close();
  }

  #build(root) {
    const select = id => this.#select(id);
    this.graph = new Graph(select);
    this.timeline = new Timeline(select);
    this.step = new StepPanel(this.path, id => this.#retryFrom(id));
    this.events = new EventLog();
    this.webhooks = new Webhooks();
    this.state = h('span', { class: 'state big', role: 'status' });
    this.heading = h('h1', null, '…');
    this.facts = new RunFacts();
    this.heldUp = new HeldUp();
    this.approvals = h('div', { class: 'approvals' });
    this.cards = new Map();
    this.error = h('div', { class: 'error-box', role: 'alert', hidden: true });
    this.cancel = h(
      'button',
      { type: 'button', class: 'danger', hidden: true, onclick: () => this.#cancel() },
      'Cancel run',
    );
    this.retry = h(
      'button',
      { type: 'button', class: 'primary', hidden: true, onclick: () => this.#command('retry') },
      'Retry run',
    );
    this.plan = h('details', null, h('summary', null, 'As JSON'));
    this.result = h('div');
    this.input = h('div');
    const section = (title, ...content) =>
      h('section', { class: 'card', 'aria-label': title }, h('h2', null, title), ...content);
    this.body = h(
      'div',
      { class: 'run', hidden: true },
      h(
        'div',
        { class: 'run-main' },
        section('Plan', this.graph.element, this.plan),
        section('Timeline', this.timeline.legend, this.timeline.element),
        this.events.element,
        section('Result', this.result),
        this.webhooks.element,
        section('Posted', this.input),
      ),
      h('aside', { class: 'run-side', 'aria-label': 'Step' }, this.step.element),
    );
    root.append(
      h(
        'div',
        { class: 'run-head' },
        h('div', { class: 'run-title' }, this.state, this.heading),
        h(
          'div',
          { class: 'actions' },
          this.cancel,
          this.retry,
          h('button', { type: 'button', class: 'quiet', onclick: () => this.#again() }, 'Post again…'),
          h('button', { type: 'button', class: 'quiet', onclick: () => this.#curl() }, 'Copy as curl'),
        ),
      ),
      this.facts.element,
      this.heldUp.element,
      this.approvals,
      this.error,
      this.body,
    );
  }

  async #begin() {
    try {
      // The events so far tell the number to follow from; the run is read after them, so it is never older.
      let after = 0;
      let log = [];
      for (let end = false; !end && log.length < MOST_EVENTS;) {
        const page = await getJson(`${this.path}/events?after=${after}&limit=5000`);
        if (this.closed) return;
        const { events, next, at_end: atEnd } = page.value();
        const texts = page.get('events').entries();
        log = log.concat(events.map((event, i) => ({ ...event, text: texts[i][1].text })));
        after = next;
        end = atEnd;
      }
      this.events.begin(log);
      await this.#read();
      if (this.closed) return;
      this.feed = new Feed(
        { after, run_id: this.id },
        {
          state: state => {
            this.shell.state(state);
            if (state === 'connected') this.#soon();
          },
          reset: () => this.#soon(),
          events: events => {
            this.events.add(events);
            this.#soon();
          },
        },
      );
    } catch (error) {
      if (this.closed) return;
      this.#failed(error);
      if (error.status === 0 || error.status >= 500) this.again = setTimeout(() => this.#begin(), 1000);
    }
  }

  #failed(error) {
    this.error.hidden = false;
    replace(
      this.error,
      h('strong', null, error.status === 404 ? 'No such run' : 'This run cannot be shown'),
      h('p', null, error.message),
    );
    if (error.status === 404) setText(this.heading, 'No such run');
  }

  // Events say that something changed; what it is now is read whole, and not more often than is good for the server.
  #soon() {
    if (this.pending) {
      this.dirty = true;
      return;
    }
    this.pending = true;
    const wait = Math.max(60, 4 * (this.cost ?? 0));
    setTimeout(async () => {
      this.dirty = false;
      try {
        if (!this.closed) await this.#read();
      } catch (error) {
        if (!this.closed && error.status !== 0) this.#failed(error);
      }
      this.pending = false;
      if (this.dirty && !this.closed) this.#soon();
    }, wait);
  }

  async #read() {
    const begun = performance.now();
    const run = runOf(await getJson(this.path));
    this.cost = performance.now() - begun;
    if (this.closed) return;
    this.run = run;
    this.ended = ENDED.has(run.status);
    if (this.body.hidden) {
      this.body.hidden = false;
      const find = wanted => run.steps.find(wanted);
      const first =
        find(s => s.status === 'failed') ??
        find(s => holdsOf(s).length) ??
        find(s => s.status === 'running') ??
        run.steps[0];
      this.selected ??= first?.id;
    }
    if (!this.ended || this.events.live) this.events.running = !this.ended;
    this.#show();
  }

  #show() {
    const { run } = this;
    this.error.hidden = true;
    this.shell.title(`${run.match_id} / ${run.round}`);
    setText(this.heading, `${run.match_id} / ${run.round}`);
    // As in the list: a run that waits or is tried again is not shown as running.
    const states = run.steps.map(stateOf);
    const state = ['retrying', 'waiting', 'awaiting'].find(s => states.includes(s)) ?? run.status;
    if (this.state.dataset.state !== state) {
      this.state.dataset.state = state;
      this.state.className = `state big ${state}`;
      replace(this.state, h('i', { 'aria-hidden': 'true' }, mark(state)), h('b', null, word(state)));
    }
    this.heldUp.show(run);
    this.#showApprovals();
    this.cancel.hidden = this.ended;
    this.retry.hidden = run.status !== 'failed' && run.status !== 'cancelled';
    const trouble = run.error ?? (run.cancel_reason ? { message: run.cancel_reason } : null);
    if (trouble) {
      this.error.hidden = false;
      replace(
        this.error,
        h('strong', null, run.error ? `${run.error.code} · ${word(run.error.kind)}` : 'Cancelled'),
        h('p', null, trouble.message),
      );
    }
    this.facts.show(run);
    this.webhooks.show(run);
    this.graph.show(run, this.selected);
    this.timeline.show(run, this.selected);
    this.step.show(run, this.selected);
    if (this.plan.childElementCount === 1) this.plan.append(jsonView(run.plan_definition, 'Plan'));
    this.#once('result', this.result, run.result?.text ?? '', () =>
      run.result
        ? jsonView(run.result, 'Result')
        : h('p', { class: 'dim' }, this.ended ? 'There is none.' : 'It appears when the run has completed.'),
    );
    this.#once('input', this.input, run.input.text, () => jsonView(run.input, 'Posted'));
  }

  // What it waits for people to decide. Cards that are there stay: somebody may be about to fill one in.
  #showApprovals() {
    const cards = new Map();
    for (const step of this.run.steps.filter(s => s.wait?.approval)) {
      const id = `${step.id} ${step.started_at}`;
      cards.set(id, this.cards.get(id) ?? new ApprovalCard(withGiven(askedOf(this.path, step), step.given)));
    }
    if (cards.size !== this.cards.size || [...cards.keys()].some(id => !this.cards.has(id)))
      replace(this.approvals, [...cards.values()].map(c => c.element));
    this.cards = cards;
  }

  #once(name, element, value, make) {
    const shown = `${this.ended} ${value}`;
    if (this.shown[name] === shown) return;
    this.shown[name] = shown;
    replace(element, make());
  }

  #tick() {
    if (!this.run || this.ended) return;
    this.facts.show(this.run);
    this.heldUp.show(this.run);
    for (const card of this.cards.values()) card.tick();
    this.timeline.tick();
  }

  #select(id) {
    this.selected = id;
    this.shell.setQuery(`?step=${encodeURIComponent(id)}`);
    this.#show();
    if (matchMedia('(max-width: 1000px)').matches) this.step.element.scrollIntoView({ block: 'start' });
  }

  async #cancel() {
    const reason = h('input', { id: 'cancel-reason', maxlength: 1000, autocomplete: 'off' });
    const text = [
      h('p', null, 'Running attempts are stopped. A cancelled run can be retried from its completed steps.'),
      h('label', { for: 'cancel-reason' }, 'Reason, for those who look at it later'),
      reason,
    ];
    if (await ask('Cancel this run?', text, 'Cancel run', true))
      await this.#command('cancel', { reason: reason.value.trim() || 'cancelled in the console' });
  }

  async #retryFrom(id) {
    const after = dependants(this.run.steps, id);
    const text = h(
      'p',
      null,
      after.length ? `'${id}' and what depends on it (${after.join(', ')}) run again. ` : `'${id}' runs again. `,
      'Other completed steps are kept; the result is computed again.',
    );
    if (await ask(`Retry from '${id}'?`, text, 'Retry')) await this.#command('retry', { from_step: id });
  }

  async #command(name, body) {
    try {
      await post(`${this.path}/${name}`, body);
      await this.#read();
    } catch (error) {
      toast(error.message, 'bad');
    }
  }

  /** What the body of a post says of the plan: its name while that still means the same plan, else all of it. */
  async #planToPost() {
    const { run } = this;
    const { plans } = await get('api/v1/plans').catch(() => ({ plans: [] }));
    const kept = plans.some(p => p.name === run.plan && p.version === run.plan_version);
    const name = Json.of(run.plan);
    return kept ? name : Json.object([['name', name], ...run.plan_definition.entries()]);
  }

  async #again() {
    const plan = await this.#planToPost();
    sessionStorage.setItem('agentgrid.again', JSON.stringify({ input: this.run.input.text, plan: plan.text }));
    location.hash = '#/try?again=1';
  }

  async #curl() {
    const body = this.run.input.with([['plan', await this.#planToPost()]]);
    await copy(
      `${curl('POST', 'api/v1/orchestrate', body.text)}\n\n${curl('GET', this.path)}\n`,
      'curl of the post and of the run',
    );
  }
}

/** A run, in which what users and agents wrote is left as it is. */
function runOf(answer) {
  const run = answer.value();
  for (const part of ['input', 'result', 'plan_definition']) run[part] = answer.get(part);
  for (const [i, step] of answer.get('steps').entries()) {
    run.steps[i].output = step.get('output');
    run.steps[i].given = step.get('wait')?.get('approval')?.get('given');
  }
  return run;
}

/** The steps that need a step, and those that need them, in the plan's order. */
function dependants(steps, id) {
  const found = new Set([id]);
  let before;
  do {
    before = found.size;
    for (const step of steps) if (step.needs.some(n => found.has(n))) found.add(step.id);
  } while (found.size > before);
  found.delete(id);
  return steps.map(s => s.id).filter(s => found.has(s));
}
