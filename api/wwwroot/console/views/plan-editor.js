// The text of a plan, YAML or JSON, with what is wrong with it at the lines that it is about.

import { post } from '../lib/api.js';
import { h, replace } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { Json } from '../lib/json.js';

const PAUSE = 400;

export class PlanEditor {
  constructor(id, label, text) {
    this.area = h('textarea', {
      id,
      rows: 12,
      wrap: 'off',
      spellcheck: 'false',
      'aria-describedby': `${id}-problem`,
      value: text,
      oninput: () => this.#changed(),
      onscroll: () => this.#scrolled(),
    });
    this.numbers = h('div');
    this.problems = h('div', { id: `${id}-problem`, class: 'problems', role: 'status' });
    this.element = h(
      'div',
      { class: 'field' },
      h('div', { class: 'label' }, h('label', { for: id }, label)),
      h('div', { class: 'lined' }, h('div', { class: 'lines', 'aria-hidden': 'true' }, this.numbers), this.area),
      this.problems,
    );
    this.show([]);
  }

  close() {
    clearTimeout(this.timer);
  }

  /** The plan as it can be posted, a Json; null when something is wrong with it, which is then shown. */
  async check() {
    clearTimeout(this.timer);
    const plan = this.area.value;
    const { json, text } = await post('api/v1/plans/check', plan, 'application/yaml');
    if (this.area.value === plan) this.show(json.problems, json.warnings);
    return json.plan ? new Json(text).get('plan') : null;
  }

  /** Shows problems and warnings `{ line, path, code, message }`; those without a line by their path. */
  show(problems, warnings = []) {
    const all = this.area.value.split('\n').length;
    const lines = new Map();
    for (const p of problems) if (p.line) lines.set(Math.min(p.line, all), p.message);
    replace(
      this.numbers,
      Array.from({ length: all }, (_, i) =>
        h('div', { class: lines.has(i + 1) ? 'bad' : null, title: lines.get(i + 1) }, String(i + 1)),
      ),
    );
    if (problems.length) this.area.setAttribute('aria-invalid', 'true');
    else this.area.removeAttribute('aria-invalid');
    replace(
      this.problems,
      problems.length ? h('p', { class: 'hidden' }, `The plan has ${plural(problems.length, 'mistake')}.`) : null,
      problems.length || warnings.length
        ? h(
            'ul',
            null,
            problems.map(p => this.#item('error-text', '', p)),
            warnings.map(w => this.#item(null, 'Warning: ', w)),
          )
        : null,
    );
  }

  #item(style, kind, { line, path, code, message }) {
    return h(
      'li',
      { class: style },
      line
        ? h('button', { type: 'button', class: 'quiet small', onclick: () => this.#goTo(line) }, `line ${line}`)
        : path
          ? h('b', null, path)
          : null,
      ` ${kind}${message}${code ? ` (${code})` : ''}`,
    );
  }

  #goTo(line) {
    const lines = this.area.value.split('\n');
    const index = Math.min(line, lines.length) - 1;
    const start = lines.slice(0, index).reduce((n, l) => n + l.length + 1, 0);
    this.area.focus();
    this.area.setSelectionRange(start, start + lines[index].length);
    this.area.scrollTop = (this.area.scrollHeight / lines.length) * Math.max(0, index - 2);
  }

  // What was wrong with the text before is not said of this one; what is wrong with it is asked in a pause.
  #changed() {
    this.show([]);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.check().catch(error => this.show([{ message: error.message }])), PAUSE);
  }

  #scrolled() {
    this.numbers.style.setProperty('transform', `translateY(${-this.area.scrollTop}px)`);
  }
}
