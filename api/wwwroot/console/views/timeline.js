// A lane for each branch of a step, in it a bar for each attempt: what waited, what ran, and how it ended. Retries and
// fallbacks follow each other in one lane, hedges stand in lanes below each other, all under the name of their step.

import { now } from '../lib/api.js';
import { h, replace, setText } from '../lib/dom.js';
import { duration, millis, plural, word } from '../lib/format.js';

const MOST_LANES = 200;

/** What became of an attempt, in the words of people: won, lost, retried... */
export function outcome(attempt, step) {
  if (attempt.status === 'cancelled') return /lost the race/.test(attempt.cancel_reason ?? '') ? 'lost' : 'cancelled';
  if (attempt.status === 'succeeded') return step.mode === 'race' && step.attempts.some(a => a.started_at && a !== attempt) ? 'won' : 'succeeded';
  return isRetried(attempt, step) ? 'retried' : attempt.status;
}

// Where the step has ended before the time came, it has failed, and was not tried again.
const isRetried = ({ attempt, branch, status, retry_at: at }, step) =>
  at !== undefined &&
  (status === 'failed' || status === 'timed_out') &&
  (step.status === 'running' || step.attempts.some(a => a.branch === branch && a.attempt > attempt));

const failures = step => step.attempts.filter(a => a.status === 'failed' || a.status === 'timed_out').length;

/** Where there are too many to show, those that failed are shown before others. */
function lanesOf(branches, room) {
  const all = [...branches];
  if (all.length <= room) return all;
  const bad = all.filter(([, attempts]) => ['failed', 'timed_out'].includes(attempts.at(-1).status)).slice(0, room);
  const kept = new Set(bad);
  for (const branch of all) if (kept.size < room) kept.add(branch);
  return all.filter(branch => kept.has(branch));
}

export class Timeline {
  constructor(select) {
    this.select = select;
    this.most = MOST_LANES;
    this.axis = h(
      'div',
      { class: 'tl-axis', 'aria-hidden': 'true' },
      [0, 25, 50, 75, 100].map(p => h('span', { style: { left: `${p}%` } })),
    );
    this.lanes = h('div', { class: 'tl-lanes' });
    this.element = h('div', { class: 'timeline' }, this.axis, this.lanes);
    this.legend = h(
      'p',
      { class: 'legend', 'aria-hidden': 'true' },
      ['waiting', 'running', 'succeeded', 'lost', 'retried', 'until a retry', 'failed', 'cancelled'].map(k =>
        h('span', null, h('i', { class: `swatch ${k.replaceAll(' ', '-')}` }), word(k)),
      ),
    );
    this.bars = [];
  }

  show(run, selected) {
    this.run = run;
    this.selected = selected;
    const shape = JSON.stringify([
      this.most,
      run.steps.map(s => [s.id, s.status === 'skipped', s.attempts.length, s.attempts.length > this.most && failures(s)]),
    ]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.#build();
    }
    const steps = new Map(run.steps.map(s => [s.id, s]));
    for (const bar of this.bars) this.#fill(bar, steps.get(bar.step));
    for (const group of this.groups) group.element.classList.toggle('selected', group.id === selected);
    this.tick();
  }

  #build() {
    this.bars = [];
    this.groups = [];
    let lanes = 0;
    let left = 0;
    for (const step of this.run.steps) {
      // The backup of an item runs beside its first attempt, and so has a lane of its own.
      const branches = Map.groupBy(step.attempts, a => (a.is_hedge ? `${a.branch} ${a.attempt}` : a.branch));
      if (lanes >= this.most) {
        left++;
        continue;
      }
      const shown = lanesOf(branches, Math.max(1, this.most - lanes));
      lanes += Math.max(1, shown.length);
      const rows = shown.map(([, attempts]) =>
        h(
          'div',
          { class: 'tl-lane' },
          attempts.map((a, i) => this.#bar(step, a, attempts[i + 1])),
        ),
      );
      if (rows.length === 0)
        rows.push(h('div', { class: 'tl-lane tl-empty' }, step.skip_reason ? `skipped: ${step.skip_reason}` : ''));
      if (branches.size > shown.length)
        rows.push(
          h(
            'div',
            { class: 'tl-lane tl-empty' },
            `${plural(branches.size - shown.length, 'more branch', 'more branches')}`,
          ),
        );
      const name = h(
        'button',
        { type: 'button', class: 'tl-step', onclick: () => this.select(step.id), title: step.id },
        step.id,
      );
      const element = h('div', { class: 'tl-group' }, name, h('div', { class: 'tl-body' }, rows));
      this.groups.push({ id: step.id, element });
    }
    const more = left
      ? h(
          'button',
          {
            type: 'button',
            class: 'quiet small',
            onclick: () => {
              this.most *= 5;
              this.show(this.run, this.selected);
            },
          },
          `${plural(left, 'more step')}`,
        )
      : null;
    replace(
      this.lanes,
      this.groups.map(g => g.element),
      more,
    );
  }

  #bar(step, attempt, next) {
    const wait = h('span', { class: 'tl-wait' });
    const work = h('span', { class: 'tl-work' });
    const label = h('span', { class: 'tl-label' });
    const element = h(
      'button',
      { type: 'button', class: 'tl-bar', onclick: () => this.select(step.id) },
      h('span', { class: 'tl-shape' }, wait, work),
      label,
    );
    // The last of a lane can write beside its bar; the others have a neighbour there.
    const alone = step.attempts.filter(a => a.branch === attempt.branch).at(-1) === attempt;
    const again = h('span', { class: 'tl-again', hidden: true });
    const until = millis(next?.queued_at);
    this.bars.push({ step: step.id, number: attempt.attempt, element, wait, label, alone, again, until });
    return [again, element];
  }

  #fill(bar, step) {
    const attempt = step.attempts.find(a => a.attempt === bar.number);
    bar.attempt = attempt;
    bar.queued = millis(attempt.queued_at);
    bar.started = millis(attempt.started_at);
    bar.ended = millis(attempt.ended_at);
    const state = outcome(attempt, step);
    bar.retry = state === 'retried' ? millis(attempt.retry_at) : null;
    bar.again.hidden = bar.retry === null;
    bar.again.title = bar.retry === null ? '' : `${step.id}: waits until attempt ${attempt.attempt} is tried again`;
    bar.element.dataset.state = state;
    setText(bar.label, `${attempt.agent}${state === 'succeeded' || state === 'running' ? '' : ` · ${word(state)}`}`);
    const took = bar.started ? duration((bar.ended ?? now()) - bar.started) : '';
    const waited = duration((bar.started ?? bar.ended ?? now()) - bar.queued);
    const text =
      `${step.id}, attempt ${attempt.attempt} by ${attempt.agent}: ${word(state)}` +
      `${took ? `, ran ${took}` : ''}, waited ${waited}` +
      `${attempt.decision?.why ? `. ${attempt.decision.why}` : ''}${attempt.error ? `. ${attempt.error.message}` : ''}`;
    bar.element.title = text;
    bar.element.setAttribute('aria-label', text);
  }

  /** Puts every bar where it belongs now. */
  tick() {
    if (!this.run) return;
    const begin = millis(this.run.accepted_at);
    const end = Math.max(millis(this.run.ended_at) ?? now(), begin + 1, ...this.bars.map(b => b.ended ?? 0));
    const span = end - begin;
    const room = this.lanes.clientWidth - (this.groups[0]?.element.firstChild.offsetWidth ?? 0);
    [...this.axis.children].forEach((tick, i) => setText(tick, i === 0 ? '0' : duration((span * i) / 4)));
    const at = ms => `${Math.min(100, Math.max(0, ((ms - begin) / span) * 100))}%`;
    const wide = (from, to) => `${Math.max(0, ((to - from) / span) * 100)}%`;
    for (const bar of this.bars) {
      const stop = bar.ended ?? end;
      bar.element.style.left = `min(${at(bar.queued)}, 100% - 4px)`;
      bar.element.style.width = `max(4px, ${wide(bar.queued, stop)})`;
      const whole = Math.max(1e-6, stop - bar.queued);
      bar.wait.style.width = `${Math.min(100, (((bar.started ?? stop) - bar.queued) / whole) * 100)}%`;
      if (bar.retry !== null) {
        const until = Math.min(bar.until ?? bar.retry, end);
        bar.again.style.left = at(bar.ended);
        bar.again.style.width = wide(bar.ended, until);
      }
      // Inside, it stands on the work, or on the wait where there is nothing else yet.
      const inside = stop - (bar.started ?? bar.queued);
      bar.label.dataset.at = this.#labelPlace(bar, (inside / span) * room, ((end - stop) / span) * room);
    }
  }

  #labelPlace(bar, width, right) {
    const needed = bar.label.textContent.length * 6.8 + 12;
    if (width >= needed) return 'in';
    if (!bar.alone) return 'none';
    return right >= needed ? 'right' : 'left';
  }
}
