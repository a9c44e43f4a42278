// What runs the list shows.

import { h, replace } from '../lib/dom.js';

const STATUSES = ['queued', 'running', 'waiting', 'retrying', 'completed', 'failed', 'cancelled'];

/** What the server filters by; of the time it knows nothing. */
export const served = filters => ({
  match_id: filters.match_id,
  round: filters.round,
  plan: filters.plan,
  agent: filters.agent,
  status: filters.status === 'waiting' ? 'waiting_for_slot' : filters.status,
});

/** The form above the list. It writes what is chosen into `values`, and says that it has. */
export class RunFilters {
  constructor(values, onChange) {
    const changed = () => {
      for (const field of form.elements) if (field.name) values[field.name] = field.value.trim();
      onChange();
    };
    const text = (name, label, placeholder) =>
      h(
        'label',
        null,
        label,
        h('input', {
          name,
          type: 'search',
          value: values[name],
          placeholder,
          autocomplete: 'off',
          spellcheck: 'false',
        }),
      );
    const select = (name, label, options) =>
      h(
        'label',
        null,
        label,
        h(
          'select',
          { name },
          options.map(([value, shown]) => h('option', { value, selected: values[name] === value }, shown)),
        ),
      );
    this.plans = h('datalist', { id: 'plan-names' });
    this.agents = h('datalist', { id: 'agent-names' });
    const proposing = (field, list) => {
      field.lastChild.setAttribute('list', list.id);
      return field;
    };
    const form = h(
      'form',
      {
        class: 'filters',
        role: 'search',
        'aria-label': 'Filter runs',
        onsubmit: e => e.preventDefault(),
        onchange: changed,
      },
      select('status', 'Status', [['', 'any'], ...STATUSES.map(v => [v, v === 'waiting' ? 'waiting for a slot' : v])]),
      text('match_id', 'Match', 'match_123'),
      text('round', 'Round', 'round_4'),
      proposing(text('plan', 'Plan', 'any'), this.plans),
      this.plans,
      proposing(text('agent', 'Agent', 'any'), this.agents),
      this.agents,
      select('since', 'Accepted', [
        ['', 'any time'],
        ['15m', 'last 15 min'],
        ['1h', 'last hour'],
        ['6h', 'last 6 hours'],
        ['24h', 'last 24 hours'],
      ]),
      h(
        'button',
        {
          type: 'button',
          class: 'quiet',
          onclick: () => {
            for (const field of form.elements) if (field.name) field.value = '';
            changed();
          },
        },
        'Clear',
      ),
    );
    this.element = form;
  }

  /** Names that the fields for the plan and the agent propose. */
  offer(plans, agents) {
    const options = names => names.map(name => h('option', { value: name }));
    replace(this.plans, options(plans));
    replace(this.agents, options(agents));
  }
}
