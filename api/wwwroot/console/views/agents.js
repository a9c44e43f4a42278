// Who is there, how busy they are, and how well they do.

import { get } from '../lib/api.js';
import { h, replace, setText, toast } from '../lib/dom.js';
import { bytes, count, duration, millis, time } from '../lib/format.js';
import { Poll } from '../lib/poll.js';
import { abandonedOf, agentLink, conditionOf, failingOf, steer, successOf } from './agent-parts.js';

const COLUMNS = ['Agent', 'Queue', 'Priority', 'Load', 'Waiting', 'Success', 'p50', 'p95', 'p99', 'Done'];

export function agentsView(root, _, shell) {
  return new Agents(root, shell);
}

class Agents {
  constructor(root, shell) {
    this.problem = h('p', { class: 'error-text', role: 'alert' });
    this.body = h('tbody');
    this.number = h('span', { class: 'dim' });
    this.config = h('div', { class: 'config', hidden: true });
    root.append(
      h(
        'section',
        { class: 'card', 'aria-labelledby': 'agents-title' },
        h('div', { class: 'list-bar' }, h('h1', { id: 'agents-title' }, 'Agents'), this.number),
        this.problem,
        h(
          'div',
          { class: 'scroll-x', tabindex: '0', role: 'group', 'aria-label': 'Table of agents' },
          h(
            'table',
            { class: 'agents' },
            h(
              'caption',
              { class: 'hidden' },
              'Agents with their load and what they have done since the server started',
            ),
            h(
              'thead',
              null,
              h(
                'tr',
                null,
                COLUMNS.map((t, i) => h('th', { scope: 'col', class: i > 1 && i !== 3 ? 'num' : null }, t)),
                h('th', { scope: 'col' }, h('span', { class: 'hidden' }, 'Drain')),
              ),
            ),
            this.body,
          ),
        ),
        h(
          'p',
          { class: 'dim' },
          'Counts and latencies cover this server since it started. Load is attempts against max_concurrency. ' +
            'A drained agent takes no new attempts until it is undrained, also after a restart.',
        ),
        this.config,
      ),
    );
    this.rows = new Map();
    this.commands = 0;
    this.poll = new Poll(shell, () => this.#read());
  }

  close() {
    this.closed = true;
    this.poll.close();
  }

  async #read() {
    const { commands } = this;
    try {
      const [{ agents }, { config }] = await Promise.all([get('api/v1/agents'), get('health')]);
      if (this.closed) return;
      // What was asked for before a command may be older than its answer.
      if (commands === this.commands) this.#show(agents);
      this.#showConfig(config);
      setText(this.problem, '');
    } catch (error) {
      setText(this.problem, error.message);
    }
  }

  #show(agents) {
    setText(this.number, count(agents.length));
    const names = agents.map(a => `${a.name} ${a.target}`).join('\n');
    if (names !== this.names) {
      this.names = names;
      this.rows = new Map(agents.map(a => [a.name, this.#row(a)]));
      replace(
        this.body,
        [...this.rows.values()].map(r => r.element),
      );
    }
    for (const agent of agents) this.#update(this.rows.get(agent.name), agent);
  }

  /** What the last edit of the configuration has changed: the first thing to ask for when it went wrong since then. */
  #showConfig({ loaded_at: loaded, changes }) {
    this.config.hidden = changes.length === 0;
    const key = [loaded, ...changes].join('\n');
    if (key === this.shownConfig) return;
    this.shownConfig = key;
    replace(this.config, [
      h('h2', null, `Configuration changed at ${time(millis(loaded))}`),
      h(
        'ul',
        null,
        changes.map(c => h('li', null, c)),
      ),
    ]);
  }

  #row(agent) {
    const cells = COLUMNS.slice(1).map((_, i) => h('td', { class: i > 0 && i !== 2 ? 'num' : null }));
    const fill = h('span', { class: 'meter-fill' });
    const load = h('span');
    cells[2].append(h('span', { class: 'meter', 'aria-hidden': 'true' }, fill), load);
    const tag = h('span', { class: 'tag', hidden: true });
    const button = h('button', { type: 'button', class: 'quiet small', onclick: () => this.#steer(agent.name) });
    const memory = agent.resources?.gpu_memory_bytes ? ` · ${bytes(agent.resources.gpu_memory_bytes)} GPU` : '';
    const problem = h('span', { class: 'error-text block', hidden: true });
    const limits = h('span', { class: 'dim block', hidden: true });
    const abandoned = h('span', { class: 'abandoned' });
    const element = h(
      'tr',
      null,
      h(
        'th',
        { scope: 'row' },
        agentLink(agent.name),
        tag,
        h('span', { class: 'dim block' }, (agent.capabilities.join(', ') || 'by name only') + memory),
        agent.target ? h('span', { class: 'dim block' }, `${agent.kind}: ${agent.target}`) : null,
        limits,
        problem,
        abandoned,
      ),
      cells,
      h('td', null, button),
    );
    return { element, cells, fill, load, tag, button, problem, limits, abandoned };
  }

  async #steer(name) {
    const row = this.rows.get(name);
    if (row.busy) return; // not disabled meanwhile: that would take the focus away
    row.busy = true;
    try {
      const agent = await steer(name, row.button.dataset.command);
      this.commands++;
      this.#update(row, agent);
    } catch (error) {
      toast(error.message, 'bad');
    }
    row.busy = false;
  }

  #showAbandoned(row, agent) {
    const key = JSON.stringify(agent.abandoned_attempts);
    if (key === row.shownAbandoned) return;
    row.shownAbandoned = key;
    replace(row.abandoned, abandonedOf(agent));
  }

  #update(row, agent) {
    const { element, cells, fill, load, tag, button, problem, limits } = row;
    setText(limits, limitsOf(agent));
    limits.hidden = !limits.textContent;
    this.#showAbandoned(row, agent);
    const { problem: why = '' } = agent.health ?? {};
    setText(problem, why);
    problem.hidden = !why;
    const state = conditionOf(agent);
    setText(tag, state);
    tag.hidden = !state;
    element.dataset.state = state;
    button.dataset.command = agent.drained ? 'undrain' : 'drain';
    setText(button, agent.drained ? 'Undrain' : 'Drain');
    if (button.ariaLabel !== `${button.textContent} ${agent.name}`)
      button.ariaLabel = `${button.textContent} ${agent.name}`;
    const { counts, latency_ms: latency } = agent;
    const share = agent.load.running / Math.max(1, agent.max_concurrency);
    const ended = counts.succeeded + counts.failed + counts.timed_out;
    setText(cells[0], agent.queue);
    setText(cells[1], String(agent.priority));
    fill.style.width = `${Math.min(100, share * 100)}%`;
    fill.dataset.full = share >= 1 ? 'yes' : 'no';
    setText(
      load,
      `${agent.load.running} / ${agent.max_concurrency}` +
        (agent.load.abandoned ? ` (+${agent.load.abandoned} given up)` : ''),
    );
    setText(cells[3], count(agent.load.waiting));
    cells[3].classList.toggle('hot', agent.load.waiting > 0);
    setText(cells[4], successOf(agent));
    cells[4].title =
      `${counts.succeeded} succeeded, ${counts.failed} failed, ` +
      `${counts.timed_out} timed out, ${counts.cancelled} cancelled`;
    cells[4].classList.toggle('hot', ended > 0 && counts.succeeded / ended < 0.95);
    [latency?.p50_ms, latency?.p95_ms, latency?.p99_ms].forEach((v, i) =>
      setText(cells[5 + i], v === undefined ? '–' : duration(v)),
    );
    setText(cells[8], count(ended + counts.cancelled));
  }
}

function limitsOf({ rate_limit: rate, failing, failing_nodes: nodes }) {
  const lines = [];
  if (rate)
    lines.push(
      `rate limit ${rate.text}: ${rate.left ? `${rate.left} can start` : `next in ${rate.next_in_seconds.toFixed(1)} s`}${rate.tokens ? `, ${count(rate.tokens.left)} tokens left` : ''}`,
    );
  if (failing) lines.push(failingOf(failing));
  // Where it fails everywhere, that is all there is to say.
  else lines.push(...nodes.map(n => `on ${n.node} ${failingOf(n)}`));
  return lines.join(' · ');
}
