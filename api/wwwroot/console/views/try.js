// Post a run by hand, and ask the router without posting.

import { curl, get, post } from '../lib/api.js';
import { copy, h, replace, setText, toast } from '../lib/dom.js';
import { Feed } from '../lib/feed.js';
import { Json } from '../lib/json.js';
import { PlanEditor } from './plan-editor.js';
import { decision } from './why.js';

const SNAPSHOT = {
  players: [
    { id: 'p1', role: 'entry', peek_events: [{ time: 1 }, { time: 2 }, { time: 2.5 }] },
    { id: 'p2', role: 'support', peek_events: [] },
  ],
};

const INLINE = `steps:
  fast: { agent: delay, input: { ms: 300 } }
  slow: { agent: delay, input: { ms: 1500 } }
  both: { needs: [fast, slow], agent: echo }
`;

const OWN = '{ inline }';
const fresh = () => `round_${new Date().toISOString().slice(5, 19).replaceAll(/[-T:]/g, '')}`;

export function tryView(root, { query }, shell) {
  return new Try(root, query.get('again') ? readAgain() : null, query.get('plan') ?? '', shell);
}

/** What is to be posted again: its input and its plan, as they were posted. */
function readAgain() {
  try {
    const { input, plan } = JSON.parse(sessionStorage.getItem('agentgrid.again'));
    return { input: read(input), plan: read(plan) };
  } catch {
    return null; // somebody else's text under this name
  }
}

function read(text) {
  JSON.parse(text);
  return new Json(text);
}

/** A Json, or where the text stops being JSON, in words with line and column. */
function parse(text, what) {
  try {
    return { value: read(text) };
  } catch (error) {
    const at = /position (\d+)/.exec(error.message);
    const before = at ? text.slice(0, Number(at[1])).split('\n') : null;
    const place = before ? `line ${before.length}, column ${before.at(-1).length + 1}: ` : '';
    return { problem: `${what} is not JSON: ${place}${error.message}` };
  }
}

class Try {
  constructor(root, again, plan, shell) {
    this.#build(root, again, plan);
    this.feed = new Feed(
      { stage: 'orchestration:retried' },
      {
        state: state => {
          shell.state(state);
          if (state === 'connected') this.#readPlans();
        },
        reset: () => {},
        events: () => {},
      },
    );
  }

  close() {
    this.feed.close();
    this.inline.close();
  }

  #build(root, again, plan) {
    const match = again?.input.get('match_id')?.value() ?? 'match_123';
    this.match = h('input', { id: 'match_id', value: match, required: true, autocomplete: 'off', spellcheck: 'false' });
    this.round = h('input', {
      id: 'round',
      value: again ? fresh() : 'round_4',
      required: true,
      autocomplete: 'off',
      spellcheck: 'false',
    });
    const inline = again?.plan.type === 'object';
    this.wanted = inline ? OWN : (again?.plan.value() ?? plan);
    this.plan = h('select', { id: 'plan', onchange: () => this.#planChanged() });
    this.priority = h('input', { id: 'priority', type: 'number', min: -100, max: 100, value: '0' });
    const body = again?.input.without('match_id', 'round') ?? Json.of({ grid_snapshot: SNAPSHOT });
    this.body = h('textarea', { id: 'body', rows: 14, spellcheck: 'false' });
    this.body.value = body.pretty();
    this.inline = new PlanEditor('inline', 'Inline plan (YAML or JSON)', inline ? again.plan.pretty() : INLINE);
    this.inline.element.hidden = true;
    this.answer = h('div', { role: 'alert' });
    this.submit = h('button', { class: 'primary', type: 'submit' }, 'Start the run');
    const form = h(
      'form',
      {
        class: 'card try',
        'aria-label': 'Start a run',
        novalidate: true,
        onsubmit: e => {
          e.preventDefault();
          this.#post();
        },
      },
      h('h1', null, 'Start a run'),
      h(
        'div',
        { class: 'two' },
        this.#field('match_id', 'match_id', this.match),
        this.#field(
          'round',
          'round',
          this.round,
          h(
            'button',
            {
              type: 'button',
              class: 'quiet small',
              onclick: () => {
                this.round.value = fresh();
              },
            },
            'new round',
          ),
        ),
      ),
      h(
        'div',
        { class: 'two' },
        this.#field('plan', 'Plan', this.plan),
        this.#field('priority', 'Priority', this.priority),
      ),
      this.inline.element,
      this.#field('body', 'Everything else that is posted (JSON)', this.body),
      this.answer,
      h(
        'div',
        { class: 'actions' },
        this.submit,
        h('button', { type: 'button', class: 'quiet', onclick: () => this.#copy() }, 'Copy as curl'),
        h('a', { href: 'scalar/' }, 'All requests of the API'),
      ),
    );
    root.append(h('div', { class: 'columns' }, form, this.#dryRun()));
    this.#plans([]);
  }

  #field(id, label, control, extra = null) {
    control.setAttribute('aria-describedby', `${id}-problem`);
    return h(
      'div',
      { class: 'field' },
      h('div', { class: 'label' }, h('label', { for: id }, label), extra),
      control,
      h('p', { id: `${id}-problem`, class: 'error-text field-problem' }),
    );
  }

  async #readPlans() {
    try {
      const [{ plans }, { agents }] = await Promise.all([get('api/v1/plans'), get('api/v1/agents')]);
      this.#plans(plans);
      this.#targets(agents);
    } catch (error) {
      setText(this.answer, error.message);
    }
  }

  #plans(plans) {
    const chosen = this.plan.value || this.wanted;
    const first = plans.find(p => p.is_default);
    replace(
      this.plan,
      h('option', { value: '' }, first ? `default (${first.name})` : 'default'),
      plans.map(p => h('option', { value: p.name }, p.name)),
      h('option', { value: OWN }, 'inline plan…'),
    );
    const known = [...this.plan.options].some(o => o.value === chosen);
    this.plan.value = known ? chosen : '';
    if (!known && plans.length) this.#problem('plan', `There is no plan '${chosen}' any more; choose one.`, false);
    this.#planChanged();
  }

  #planChanged() {
    this.inline.element.hidden = this.plan.value !== OWN;
  }

  /** What is in the form as the text of a body; null, with the problems shown, when that cannot be. */
  async #read() {
    for (const p of document.querySelectorAll('.field-problem')) setText(p, '');
    for (const c of [this.match, this.round, this.plan, this.priority, this.body]) c.removeAttribute('aria-invalid');
    const rest = parse(this.body.value.trim() || '{}', 'This');
    if (rest.problem || rest.value.type !== 'object') {
      this.#problem('body', rest.problem ?? 'This must be a JSON object.');
      return null;
    }
    const chosen = [];
    if (this.plan.value === OWN) {
      const plan = await this.inline.check();
      if (plan === null) {
        this.inline.area.focus();
        return null;
      }
      chosen.push(['plan', plan]);
    } else if (this.plan.value) {
      chosen.push(['plan', Json.of(this.plan.value)]);
    }
    if (Number(this.priority.value)) chosen.push(['priority', Json.of(Number(this.priority.value))]);
    // What is written is posted as it is written, with what is chosen beside it.
    const written = rest.value.without(...chosen.map(([name]) => name)).entries();
    const key = [
      ['match_id', Json.of(this.match.value)],
      ['round', Json.of(this.round.value)],
    ].filter(([name]) => !written.some(([other]) => other === name));
    return Json.object([...key, ...written, ...chosen]).compact().text;
  }

  #problem(id, text, focus = true) {
    const control = document.getElementById(id);
    const place = document.getElementById(`${id}-problem`);
    setText(place, place.textContent ? `${place.textContent}\n${text}` : text);
    control.setAttribute('aria-invalid', 'true');
    if (focus) control.focus();
  }

  async #post() {
    replace(this.answer);
    this.submit.disabled = true;
    try {
      const body = await this.#read();
      if (body === null) return;
      const { json: run } = await post('api/v1/orchestrate', body);
      if (!run.replayed) {
        location.hash = `#/runs/${run.run_id}`;
        return;
      }
      replace(
        this.answer,
        h(
          'div',
          { class: 'note-box' },
          h('strong', null, 'This was posted before; nothing was started.'),
          h('p', null, h('a', { href: `#/runs/${run.run_id}` }, 'Show that run'), ', or choose a new round.'),
        ),
      );
    } catch (error) {
      this.#refused(error);
    } finally {
      this.submit.disabled = false;
    }
  }

  // Every problem goes to the field that it is about.
  #refused(error) {
    const { field = '', errors, code, run_id: other } = error.body ?? {};
    const known = ['match_id', 'round', 'priority'];
    const place = path => (known.includes(path) ? path : path === 'plan' || errors ? 'plan' : 'body');
    if (errors && this.plan.value === OWN) this.inline.show(errors);
    else if (errors)
      for (const [i, e] of errors.entries())
        this.#problem(place(e.path), `${e.path}: ${e.message} (${e.code})`, i === 0);
    else if (field && error.status === 400) this.#problem(place(field), `${error.message} (${code})`);
    else {
      replace(
        this.answer,
        h(
          'div',
          { class: 'error-box' },
          h('strong', null, code ? `${code} · ${error.body.title}` : 'Not posted'),
          h('p', null, error.message),
          other ? h('p', null, h('a', { href: `#/runs/${other}` }, 'Show the run that has this key')) : null,
        ),
      );
    }
  }

  async #copy() {
    try {
      const body = await this.#read();
      if (body !== null) await copy(curl('POST', 'api/v1/orchestrate', body), 'curl');
    } catch (error) {
      toast(error.message, 'bad');
    }
  }

  #dryRun() {
    this.target = h('select', { id: 'target' });
    this.routed = h('div', { role: 'status' });
    return h(
      'form',
      {
        class: 'card try',
        'aria-label': 'Ask the router',
        onsubmit: e => {
          e.preventDefault();
          this.#route();
        },
      },
      h('h2', null, 'Ask the router'),
      h('p', { class: 'dim' }, 'Which agent would get an attempt now, and why. Starts nothing.'),
      this.#field('target', 'Capability or agent', this.target),
      h('div', { class: 'actions' }, h('button', { type: 'submit' }, 'Ask')),
      this.routed,
    );
  }

  #targets(agents) {
    const chosen = this.target.value;
    const capabilities = [...new Set(agents.flatMap(a => a.capabilities))].sort();
    replace(
      this.target,
      h(
        'optgroup',
        { label: 'Capabilities' },
        capabilities.map(c => h('option', { value: `capability ${c}` }, c)),
      ),
      h(
        'optgroup',
        { label: 'Agents' },
        agents.map(a => h('option', { value: `agent ${a.name}` }, a.name)),
      ),
    );
    if (chosen) this.target.value = chosen;
  }

  async #route() {
    const [kind, name] = this.target.value.split(' ');
    try {
      const { json } = await post('api/v1/route', { [kind]: name });
      replace(this.routed, h('p', null, h('strong', null, json.agent ?? 'Nobody')), decision(json));
    } catch (error) {
      replace(this.routed, h('p', { class: 'error-text' }, error.message));
    }
  }
}
