// One agent: what is configured, what it does now, where, and its newest runs.

import { get, getJson, query } from '../lib/api.js';
import { h, replace, setText, toast } from '../lib/dom.js';
import { bytes, count, duration, millis, time } from '../lib/format.js';
import { jsonView } from '../lib/json-view.js';
import { Poll } from '../lib/poll.js';
import { abandonedOf, conditionOf, failingOf, steer, successOf } from './agent-parts.js';
import { factList } from './facts.js';
import { RecentRuns } from './recent-runs.js';

const COLUMNS = ['Node', 'Running', 'State'];

export function agentView(root, { id }, shell) {
  return new AgentPage(root, id, shell);
}

class AgentPage {
  constructor(root, name, shell) {
    this.name = name;
    this.shown = {};
    this.commands = 0;
    shell.title(name);
    this.problem = h('p', { class: 'error-text', role: 'alert' });
    this.tag = h('span', { class: 'tag', hidden: true });
    this.button = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => this.#steer() });
    this.description = h('p');
    this.health = h('p', { class: 'error-text', role: 'status' });
    this.abandoned = h('p');
    this.now = h('div');
    this.nodes = h('div', { class: 'scroll-x', tabindex: '0', role: 'group', 'aria-label': 'Nodes with this agent' });
    this.config = h('div');
    this.schemas = h('div', { class: 'two-cards' });
    this.runs = new RecentRuns({ agent: name });
    const section = (title, ...content) =>
      h('section', { class: 'card', 'aria-label': title }, h('h2', null, title), ...content);
    this.body = h(
      'div',
      { class: 'run-main', hidden: true },
      h(
        'div',
        { class: 'two-cards' },
        section('Now', this.health, this.abandoned, this.now, this.nodes),
        section('Configuration in force', this.config),
      ),
    );
    root.append(
      h(
        'div',
        { class: 'run-head' },
        h('div', { class: 'run-title' }, h('h1', null, name), this.tag),
        h('div', { class: 'actions' }, this.button),
      ),
      this.problem,
      this.description,
      this.body,
      this.runs.element,
      this.schemas,
    );
    this.poll = new Poll(shell, () => this.#read());
  }

  close() {
    this.closed = true;
    this.poll.close();
  }

  async #read() {
    const { commands } = this;
    const { name } = this;
    try {
      const [answer, { nodes }, { runs: failed }] = await Promise.all([
        getJson('api/v1/agents'),
        get('api/v1/nodes'),
        get(`api/v1/runs${query({ agent: name, status: 'failed', limit: 1 })}`),
        this.runs.read(),
      ]);
      if (this.closed) return;
      const found = answer
        .get('agents')
        .entries()
        .map(([, entry]) => entry)
        .find(entry => entry.get('name').value() === name);
      setText(this.problem, found ? '' : `There is no agent '${name}' in the configuration.`);
      this.body.hidden = this.button.hidden = !found;
      if (!found) return;
      // What was asked for before a command may be older than its answer.
      if (commands === this.commands) this.#showState(found.value());
      this.#showNow(found.value(), nodes, failed[0]);
      this.#showConfig(found);
    } catch (error) {
      setText(this.problem, error.message);
    }
  }

  #showState(agent) {
    const state = conditionOf(agent);
    setText(this.tag, state);
    this.tag.hidden = !state;
    this.button.dataset.command = agent.drained ? 'undrain' : 'drain';
    setText(this.button, agent.drained ? 'Undrain' : 'Drain');
  }

  #showNow(agent, nodes, failed) {
    const { load, latency_ms: latency, counts, failing, last_failures: failures } = agent;
    setText(this.health, agent.health?.problem ?? '');
    this.#once('abandoned', agent.abandoned_attempts, () => replace(this.abandoned, abandonedOf(agent)));
    this.#once('now', [load, latency, counts, failed, failing, failures], () =>
      replace(
        this.now,
        factList([
          ['Running', count(load.running) + (load.abandoned ? ` (+${count(load.abandoned)} given up)` : '')],
          ['Waiting', count(load.waiting)],
          ['Ended', ended(counts)],
          ['Success', successOf(agent)],
          ['Latency', latency ? `p50 ${duration(latency.p50_ms)}, p95 ${duration(latency.p95_ms)}` : ''],
          ['Failing', failing ? failingOf(failing) : ''],
          ['Last failure', failures.length ? failures.map(f => h('span', { class: 'block' }, failureOf(f))) : ''],
          ['Last failed run', failed ? failure(failed) : 'none that is kept'],
        ]),
        h('p', { class: 'dim' }, 'Counts and latencies cover this server since it started.'),
      ),
    );
    const places = nodes.map(node => placeOf(node, agent)).filter(Boolean);
    this.#once('nodes', places, () => replace(this.nodes, table(places)));
  }

  #showConfig(found) {
    const agent = found.value();
    const { load, counts, latency_ms: latency, health, abandoned_attempts: abandoned, ...others } = agent;
    const { failing, failing_nodes: failingNodes, last_failures: failures, ...config } = others;
    this.#once('config', config, () => {
      setText(this.description, agent.description ?? '');
      replace(this.config, configOf(agent));
      const schemas = [
        ['Input schema', found.get('input_schema')],
        ['Output schema', found.get('output_schema')],
      ].filter(([, schema]) => schema);
      replace(
        this.schemas,
        schemas.map(([title, schema]) =>
          h('section', { class: 'card', 'aria-label': title }, h('h2', null, title), jsonView(schema, title)),
        ),
      );
    });
  }

  #once(name, value, make) {
    const text = JSON.stringify(value);
    if (this.shown[name] === text) return;
    this.shown[name] = text;
    make();
  }

  async #steer() {
    if (this.busy) return; // not disabled meanwhile: that would take the focus away
    this.busy = true;
    try {
      const agent = await steer(this.name, this.button.dataset.command);
      this.commands++;
      this.#showState(agent);
    } catch (error) {
      toast(error.message, 'bad');
    }
    this.busy = false;
  }
}

const seconds = n => (n === undefined ? '' : duration(n * 1000));

function configOf(agent) {
  const { retry, resources } = agent;
  const again =
    retry.max_attempts > 1
      ? `up to ${retry.max_attempts} attempts, after ${seconds(retry.backoff_seconds)} and up to ` +
        `${seconds(retry.max_backoff_seconds)}${retry.on.length ? `, on ${retry.on.join(', ')}` : ''}`
      : 'none, unless a step says otherwise';
  return factList([
    ['Kind', agent.target ? `${agent.kind}: ${agent.target}` : agent.kind],
    ['Capabilities', agent.capabilities.join(', ') || 'none: it is only asked by name'],
    ['Queue', agent.queue],
    ['Priority', String(agent.priority)],
    ['Slots', `${count(agent.max_concurrency)} on each node`],
    ['Slots in all', agent.max_concurrency_total === undefined ? '' : count(agent.max_concurrency_total)],
    ['Timeout', seconds(agent.timeout_seconds)],
    ['Retries', again],
    ['GPU memory', resources.gpu_memory_bytes ? bytes(resources.gpu_memory_bytes) : ''],
    ['Enabled', agent.enabled ? '' : 'no: the router does not see it'],
  ]);
}

const ended = ({ succeeded, failed, timed_out: timedOut, cancelled }) =>
  `${count(succeeded)} succeeded, ${count(failed)} failed, ${count(timedOut)} timed out, ${count(cancelled)} cancelled`;

// The run's reason may be another agent's: it is told as the run's.
const failure = run => [
  h('a', { href: `#/runs/${run.run_id}` }, `${run.match_id} / ${run.round}`),
  ` at ${time(millis(run.ended_at ?? run.accepted_at))}${run.reason ? `: ${run.reason}` : ''}`,
];

/** When, where and how an attempt of it has failed, with the way to it. */
const failureOf = ({ at, node, kind, type, code, message, run_id: run, step, attempt }) => [
  h('a', { href: `#/runs/${run}?step=${encodeURIComponent(step)}` }, `${step}, attempt ${attempt}`),
  ` at ${time(millis(at))}${node ? ` on ${node}` : ''}: ${kind === code ? '' : `${kind}, `}${type ?? code}: ${message}`,
];

/** What a node has to do with an agent; null where its queue is not served. */
function placeOf(node, { name, queue, max_concurrency: slots, failing_nodes: failing }) {
  if (node.queues && !node.queues.includes(queue)) return null;
  const running = node.agents.find(a => a.agent === name)?.running ?? 0;
  const states = [
    node.silent ? 'silent' : node.draining ? 'draining' : '',
    node.warm_agents.includes(name) ? 'loaded there' : '',
    ...failing.filter(f => f.node === node.name).map(failingOf),
  ].filter(Boolean);
  const load = `${count(running)} of ${count(slots)} slots`;
  return { node: node.name, load, said: states.join(', ') || 'ready' };
}

function table(places) {
  if (places.length === 0) return h('p', { class: 'dim' }, 'No node serves its queue: attempts wait until one does.');
  return h(
    'table',
    null,
    h('caption', { class: 'hidden' }, 'Nodes that serve its queue'),
    h('thead', null, h('tr', null, COLUMNS.map(t => h('th', { scope: 'col' }, t)))),
    h(
      'tbody',
      null,
      places.map(({ node, load, said }) =>
        h(
          'tr',
          null,
          h('th', { scope: 'row' }, h('a', { href: `#/nodes?node=${encodeURIComponent(node)}` }, node)),
          h('td', null, load),
          h('td', { class: 'dim' }, said),
        ),
      ),
    ),
  );
}
