// What a run that has not ended is held up by, in a sentence: its time, its turn, a slot, the time until the next attempt, or a
// signal.

import { get, now } from '../lib/api.js';
import { h, replace, setText } from '../lib/dom.js';
import { count, duration, millis, plural, time } from '../lib/format.js';
import { decisiveOf } from './branches.js';

const LOOK_AGAIN = 2000;

/** What holds a step or each of its branches up: { state: 'awaiting' }, or { state: 'waiting' | 'retrying', attempt }. */
export function holdsOf(step) {
  if (step.status !== 'running') return [];
  if (step.wait) return [{ state: 'awaiting' }];
  const last = [...Map.groupBy(step.attempts, a => a.branch).values()].map(decisiveOf);
  return last.flatMap(attempt => {
    if (attempt.status === 'queued') return [{ state: 'waiting', attempt }];
    return attempt.retry_at && attempt.status !== 'running' ? [{ state: 'retrying', attempt }] : [];
  });
}

/** The status of a step, or what holds it up. */
export function stateOf(step) {
  const states = holdsOf(step).map(hold => hold.state);
  if (states.includes('retrying')) return 'retrying';
  return states[0] ?? step.status;
}

const othersOf = run => [['Running runs of the plan', `#/runs?status=running&plan=${encodeURIComponent(run.plan)}`]];

export class HeldUp {
  constructor() {
    this.title = h('strong');
    this.body = h('span');
    this.links = h('span', { class: 'actions' });
    this.element = h(
      'section',
      { class: 'note-box held-up', 'aria-label': 'What it waits for', hidden: true },
      this.title,
      ' ',
      this.body,
      this.links,
    );
  }

  /** Called again and again: times go on. */
  show(run) {
    const found = run.steps.flatMap(step => holdsOf(step).map(hold => ({ step, ...hold })));
    this.element.hidden = run.status !== 'queued' && run.status !== 'scheduled' && found.length === 0;
    if (this.element.hidden) return;
    if (run.status !== 'scheduled') this.#look(run.status === 'queued');
    const [first] = found;
    const others = plural(found.length - 1, 'more attempt or step', 'more attempts and steps');
    const more = found.length > 1 ? ` ${others} of this run also wait.` : '';
    const text = run.status === 'scheduled' ? later(run) : !first ? this.#turn(run) : this.#text(first);
    setText(this.title, text.title);
    setText(this.body, text.body + more);
    // Made anew only when they differ: somebody may be about to follow one.
    const links = JSON.stringify(text.links);
    if (links === this.linked) return;
    this.linked = links;
    replace(
      this.links,
      text.links.map(([label, href]) => h('a', { href }, label)),
    );
  }

  /** How many there are before it is asked from time to time, and shown with the next look. */
  async #look(queued) {
    if (this.asked && performance.now() - this.asked < LOOK_AGAIN) return;
    this.asked = performance.now();
    try {
      if (queued) this.health = await get('health');
      else this.agents = new Map((await get('api/v1/agents')).agents.map(a => [a.name, a]));
    } catch {
      // The page's own requests tell when the server is away; the sentence does without numbers then.
    }
  }

  #text(hold) {
    return hold.state === 'waiting' ? this.#slot(hold) : hold.state === 'awaiting' ? outside(hold) : again(hold);
  }

  #turn(run) {
    if (run.waits_for) return { title: 'Waits for others of its plan.', body: `${run.waits_for}.`, links: othersOf(run) };
    const numbers = this.health
      ? `${plural(this.health.active_runs, 'run')} are active, ${count(this.health.queued_runs)} queued.`
      : '';
    return {
      title: 'Waits for its turn.',
      body: `The maximum number of runs is active. ${numbers}`,
      links: [['Running runs', '#/runs?status=running']],
    };
  }

  #slot({ step, attempt }) {
    const agent = this.agents?.get(attempt.agent);
    const waits = `Step '${step.id}' has waited ${duration(now() - millis(attempt.queued_at))}.`;
    let numbers = '';
    if (agent?.drained) numbers = ' The agent is drained: it takes no attempts until it is undrained.';
    else if (agent?.rate_limit && agent.rate_limit.left === 0)
      numbers = ` Its rate limit (${agent.rate_limit.text}) lets the next attempt start in ${seconds(agent.rate_limit.next_in_seconds)}.${tokensLeft(agent.rate_limit)}`;
    else if (agent) {
      const { running, waiting } = agent.load;
      numbers = ` ${running} of ${agent.max_concurrency} slots are in use, ${plural(waiting, 'attempt')} waiting.`;
      if (running < agent.max_concurrency)
        numbers += ` The agent has room, so its queue '${agent.queue}' or GPU memory must be full.`;
    }
    return {
      title: `Waits for a slot of '${attempt.agent}'.`,
      body: waits + numbers,
      links: [
        ['Agents', '#/agents'],
        ['Nodes', '#/nodes'],
        ['Who has the slots', `#/runs?status=running&agent=${encodeURIComponent(attempt.agent)}`],
      ],
    };
  }
}

function seconds(number) {
  return `${number.toFixed(1)} s`;
}

function later(run) {
  const at = millis(run.starts_at);
  const left = duration(Math.max(0, Math.ceil((at - now()) / 1000) * 1000));
  return { title: 'Waits for its start time.', body: `It starts at ${time(at)}, ${left} from now.`, links: [] };
}

function outside({ step }) {
  const { signal, until, approval } = step.wait;
  const end = millis(until);
  const left = duration(Math.max(0, Math.ceil((end - now()) / 1000) * 1000));
  return {
    title: approval ? 'Waits for a decision.' : `Waits for the signal '${signal}'.`,
    body: `Step '${step.id}' waits until ${time(end)}, ${left} from now.`,
    links: approval ? [['Inbox', '#/approvals']] : [],
  };
}

function again({ step, attempt }) {
  const at = millis(attempt.retry_at);
  const left = at - now();
  const when = left > 0 ? `at ${time(at)}, in ${duration(Math.ceil(left / 1000) * 1000)}` : 'now';
  return {
    title: `Is tried again ${when}.`,
    body:
      `Step '${step.id}': attempt ${attempt.attempt} of '${attempt.agent}' has failed: ` +
      `${attempt.error?.message ?? attempt.status}`,
    links: [],
  };
}

const tokensLeft = ({ tokens }) =>
  tokens && tokens.left < tokens.estimate
    ? ` Of the ${count(tokens.estimate)} tokens that it is expected to use, ${count(tokens.left)} are left.`
    : '';
