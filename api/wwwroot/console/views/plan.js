// One plan: its graph, what it says, and its newest runs.

import { getJson } from '../lib/api.js';
import { h, replace, setText } from '../lib/dom.js';
import { plural, word } from '../lib/format.js';
import { jsonView } from '../lib/json-view.js';
import { Poll } from '../lib/poll.js';
import { factList } from './facts.js';
import { Graph } from './graph.js';
import { Hedges } from './hedges.js';
import { RecentRuns } from './recent-runs.js';

// What stands elsewhere on the page; everything else that plans may say is shown as it is called.
const OWN_PLACES = new Set(['description', 'steps', 'timeout']);

export function planView(root, { id, query }, shell) {
  return new PlanPage(root, id, query.get('step'), shell);
}

class PlanPage {
  constructor(root, name, step, shell) {
    this.name = name;
    this.selected = step;
    this.shell = shell;
    shell.title(name);
    this.problem = h('p', { class: 'error-text', role: 'alert' });
    this.tag = h('span', { class: 'tag', hidden: true }, 'default');
    this.actions = h(
      'div',
      { class: 'actions', hidden: true },
      h('a', { class: 'button primary', href: `#/try?plan=${encodeURIComponent(name)}` }, 'Try it'),
    );
    this.description = h('p');
    this.facts = h('div');
    this.graph = new Graph(id => this.#select(id));
    this.step = h('div', { class: 'plan-step', role: 'status' });
    this.settings = h('div', { class: 'run-main' });
    this.hedges = new Hedges(name);
    this.runs = new RecentRuns({ plan: name });
    this.body = h(
      'div',
      { class: 'run-main', hidden: true },
      h('section', { class: 'card', 'aria-label': 'Steps' }, h('h2', null, 'Steps'), this.graph.element, this.step),
    );
    root.append(
      h(
        'div',
        { class: 'run-head' },
        h('div', { class: 'run-title' }, h('h1', null, name), this.tag),
        this.actions,
      ),
      this.problem,
      this.description,
      this.facts,
      this.body,
      this.hedges.element,
      this.runs.element,
      this.settings,
    );
    this.poll = new Poll(shell, () => this.#read());
  }

  close() {
    this.closed = true;
    this.poll.close();
  }

  async #read() {
    try {
      const [answer] = await Promise.all([getJson('api/v1/plans'), this.runs.read()]);
      if (this.closed) return;
      const plan = answer
        .get('plans')
        .entries()
        .map(([, entry]) => entry)
        .find(entry => entry.get('name').value() === this.name);
      setText(
        this.problem,
        plan ? '' : `There is no plan '${this.name}' in the configuration. It may have been posted with its runs.`,
      );
      this.actions.hidden = this.body.hidden = this.settings.hidden = !plan;
      if (plan) this.#show(plan);
      if (plan) await this.hedges.read(this.steps.map(step => step.definition.value()));
    } catch (error) {
      setText(this.problem, error.message);
    }
  }

  // The configuration is watched: a plan can change while somebody looks at it.
  #show(plan) {
    if (plan.text === this.shown) return;
    this.shown = plan.text;
    const definition = plan.get('definition');
    const members = definition.entries().filter(([name]) => !OWN_PLACES.has(name));
    const short = members.filter(([, value]) => !isTree(value));
    this.tag.hidden = !plan.get('is_default').value();
    this.steps = definition.get('steps').entries().map(stepOf);
    setText(this.description, definition.get('description')?.value() ?? '');
    replace(
      this.facts,
      factList([
        ['Version', plan.get('version').value()],
        ['Steps', plural(this.steps.length, 'step')],
        ['Timeout', definition.get('timeout')?.value() ?? '1h, the default'],
        ...short.map(([name, value]) => [title(name), value.type === 'string' ? value.value() : value.text]),
      ]),
    );
    const long = members.filter(([, value]) => isTree(value));
    replace(
      this.settings,
      long.map(([name, value]) => card(title(name), jsonView(value, title(name)))),
      card('Definition', jsonView(definition, 'Definition')),
    );
    this.#showSteps();
  }

  #showSteps() {
    this.graph.show({ steps: this.steps }, this.selected);
    const step = this.steps.find(s => s.id === this.selected);
    replace(
      this.step,
      step
        ? [h('h3', null, step.id), jsonView(step.definition, `Step ${step.id}`)]
        : h('p', { class: 'dim' }, 'Choose a step to see its definition.'),
    );
  }

  #select(id) {
    this.selected = id;
    this.shell.setQuery(`?step=${encodeURIComponent(id)}`);
    this.#showSteps();
  }
}

/** The name of a key of plans, for people: 'input_schema' is 'Input schema'. */
const title = key => word(key[0].toUpperCase() + key.slice(1));

const isTree = json => json.type === 'object' || json.type === 'array';

const card = (title, content) =>
  h('section', { class: 'card', 'aria-label': title }, h('h2', null, title), content);

/** A step as the graph draws it: without a run it has no state, and says whom it asks instead. */
function stepOf([id, definition]) {
  const said = definition.value();
  return { id, definition, needs: said.needs ?? [], attempts: [], status: '', note: asks(said) };
}

function asks({ mode, agent, capability, plan, wait, approve }) {
  const whom = approve
    ? 'asks people'
    : wait
      ? `waits for ${wait.signal ?? 'a signal'}`
      : plan
        ? `plan ${plan}`
        : agent
          ? `agent ${agent}`
          : [capability].flat().join(' or ');
  return mode && mode !== 'one' ? `${mode} · ${whom}` : whom;
}
