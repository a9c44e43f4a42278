// One decision that a run waits for: what is asked, what it is about, the form, and the two buttons.

import { now, post } from '../lib/api.js';
import { h, setText, toast } from '../lib/dom.js';
import { duration, millis, time } from '../lib/format.js';
import { Json } from '../lib/json.js';
import { jsonView } from '../lib/json-view.js';

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

export class ApprovalCard {
  /**
   * @param asked { step, title, description, form, given, by, until, decide }; form and given as they came, or undefined.
   * @param about What stands above it; null for nothing.
   */
  constructor(asked, about = null) {
    this.asked = asked;
    this.id = `approval-${asked.decide.replaceAll(/[^\w-]/g, '-')}`;
    this.fields = Object.entries(asked.form?.properties ?? {}).map(
      ([name, field]) => new Field(this.id, name, field, asked.form.required?.includes(name)),
    );
    this.comment = h('textarea', { id: `${this.id}-comment`, rows: 2, maxlength: 2000 });
    this.left = h('span', { class: 'dim' });
    this.problem = h('p', { class: 'error-text', role: 'alert' });
    this.element = h(
      'article',
      { class: 'card approval', 'aria-label': asked.title },
      about,
      h('h3', null, asked.title),
      asked.description ? h('p', null, asked.description) : null,
      asked.given ? jsonView(asked.given, 'What it is about') : null,
      h(
        'form',
        {
          onsubmit: event => {
            event.preventDefault();
            this.#decide(true);
          },
        },
        this.fields.map(f => f.element),
        h('label', { for: this.comment.id }, 'Comment'),
        this.comment,
        h(
          'div',
          { class: 'actions' },
          h('button', { class: 'primary' }, 'Approve'),
          h('button', { type: 'button', class: 'danger', onclick: () => this.#decide(false) }, 'Reject'),
          this.left,
        ),
        this.problem,
      ),
    );
    this.tick();
  }

  tick() {
    const { until, by } = this.asked;
    const end = millis(until);
    const who = by?.length ? `; by ${by.join(', ')}` : '';
    setText(this.left, `until ${time(end)}, ${duration(Math.max(0, Math.ceil((end - now()) / 1000) * 1000))} from now${who}`);
  }

  // Values are written as they were typed: what is a number stays one, to its last digit.
  async #decide(approved) {
    setText(this.problem, '');
    const values = this.fields.map(f => [f.name, f.value()]).filter(([, value]) => value !== undefined);
    const parts = [['approved', String(approved)]];
    if (this.comment.value.trim()) parts.push(['comment', JSON.stringify(this.comment.value.trim())]);
    if (approved && this.fields.length) parts.push(['values', objectOf(values)]);
    try {
      await post(this.asked.decide, objectOf(parts));
      toast(approved ? 'Approved' : 'Rejected');
      this.element.dataset.decided = 'yes';
    } catch (error) {
      setText(this.problem, error.message);
    }
  }
}

const objectOf = parts => `{${parts.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;

/** One value of a form. */
class Field {
  constructor(prefix, name, field, required) {
    this.name = name;
    this.type = field.type;
    this.choices = field.enum;
    const id = `${prefix}-${name}`;
    this.input = this.#input(id, field, required);
    this.element = h(
      'div',
      { class: 'field' },
      h('label', { for: id }, `${field.title ?? name}${required ? ' *' : ''}`),
      this.input,
      field.description ? h('p', { class: 'dim' }, field.description) : null,
    );
  }

  #input(id, field, required) {
    if (field.enum) {
      const start = field.enum.findIndex(v => v === field.default);
      return h(
        'select',
        { id, required },
        start < 0 ? h('option', { value: '' }, '') : null,
        field.enum.map((value, i) => h('option', { value: String(i), selected: i === start }, String(value))),
      );
    }
    if (field.type === 'boolean') return h('input', { id, type: 'checkbox', checked: field.default === true });
    const isText = field.type === 'string';
    return h('input', {
      id,
      required,
      type: 'text',
      inputmode: isText ? 'text' : 'decimal',
      minlength: field.minLength,
      maxlength: field.maxLength,
      value: field.default === undefined ? '' : String(field.default),
      autocomplete: 'off',
    });
  }

  /** As JSON; undefined where nothing was filled in. */
  value() {
    if (this.type === 'boolean') return String(this.input.checked);
    const text = this.input.value;
    if (this.choices) return text === '' ? undefined : JSON.stringify(this.choices[Number(text)]);
    if (text === '') return undefined;
    return this.type !== 'string' && NUMBER.test(text.trim()) ? text.trim() : JSON.stringify(text);
  }
}

/** What GET /api/v1/approvals and a run's steps say of an approval, in one form. */
export const askedOf = (path, step) => ({
  step: step.id,
  ...step.wait.approval,
  by: step.wait.by,
  until: step.wait.until,
  decide: `${path}/approvals/${encodeURIComponent(step.id)}`,
});

/** The same with what it is about as it came, to its last digit. */
export const withGiven = (asked, given) => ({ ...asked, given: given instanceof Json ? given : undefined });
