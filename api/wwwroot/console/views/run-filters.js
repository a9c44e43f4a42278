// What runs the list shows.

import { h, replace } from '../lib/dom.js';
import { StatusChoice } from './status-choice.js';

/** What holds running runs up, in words. */
export const HOLDS = { waiting: 'waiting for a slot', awaiting: 'waiting for a signal or a person' };

const STATUSES = [
  'scheduled',
  'queued',
  'running',
  'waiting',
  'retrying',
  'awaiting',
  'completed',
  'failed',
  'cancelled',
];

const SPANS = {
  '15m': ['last 15 min', 900_000],
  '1h': ['last hour', 3_600_000],
  '6h': ['last 6 hours', 21_600_000],
  '24h': ['last 24 hours', 86_400_000],
};

// Of each filter the values that it can have; null for any.
const FILTERS = { status: STATUSES, match_id: null, round: null, plan: null, agent: null, label: null, since: Object.keys(SPANS) };

/** The moment from which runs are shown; 0 for all. */
export const sinceOf = ({ since }, now) => (since ? now - SPANS[since][1] : 0);

/**
 * What an address filters by, and what is wrong with it, or null: a filter that is misspelt must not show everything, with
 * a button beside it that cancels what is shown.
 */
export function readFilters(params) {
  const filters = Object.fromEntries(Object.keys(FILTERS).map(name => [name, params.get(name) ?? '']));
  const wrong = [...new Set(params.keys())].map(name => wrongWith(name, params.getAll(name))).find(Boolean);
  return wrong
    ? [{ ...filters, status: '', since: '' }, `${wrong} Nothing is shown until another filter is chosen.`]
    : [filters, null];
}

function wrongWith(name, values) {
  const names = Object.keys(FILTERS);
  if (!names.includes(name)) return `There is no filter '${name}': there are ${names.join(', ')}.`;
  if (values.length > 1) return `The filter '${name}' is in the address more than once.`;
  if (!values[0]) return `The filter '${name}' is empty.`;
  const known = FILTERS[name];
  const wrong = known && (name === 'status' ? values[0].split(',') : values).find(value => !known.includes(value));
  return wrong === null || wrong === undefined
    ? null
    : `The filter '${name}' cannot be '${wrong}': it can be ${known.join(', ')}.`;
}

/** The statuses that are shown; none for all. */
export const statusesOf = ({ status }) => (status ? status.split(',') : []);

const SERVED = { waiting: 'waiting_for_slot', awaiting: 'waiting' };

/** The same in the words of the server. */
export const servedStatusesOf = filters => statusesOf(filters).map(status => SERVED[status] ?? status);

/** What the server filters by besides the status; of the time it knows nothing. */
export const served = filters => ({
  match_id: filters.match_id,
  round: filters.round,
  plan: filters.plan,
  agent: filters.agent,
  label: filters.label,
});

/** The form above the list. It writes what is chosen into `values`, and says that it has. */
export class RunFilters {
  constructor(values, onChange) {
    const changed = () => {
      for (const field of form.elements) if (field.name) values[field.name] = field.value.trim();
      values.status = this.status.value;
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
    this.status = new StatusChoice(
      STATUSES.map(status => [status, HOLDS[status] ?? status]),
      values.status,
      changed,
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
      this.status.element,
      text('match_id', 'Match', 'match_123'),
      text('round', 'Round', 'round_4'),
      proposing(text('plan', 'Plan', 'any'), this.plans),
      this.plans,
      proposing(text('agent', 'Agent', 'any'), this.agents),
      this.agents,
      text('label', 'Label', 'team:blue'),
      select('since', 'Accepted', [
        ['', 'any time'],
        ...Object.entries(SPANS).map(([value, [shown]]) => [value, shown]),
      ]),
      h(
        'button',
        {
          type: 'button',
          class: 'quiet',
          onclick: () => {
            for (const field of form.elements) if (field.name) field.value = '';
            this.status.clear();
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
