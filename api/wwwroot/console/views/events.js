// The run's events, in the order in which they became durable, with a filter.

import { h, setText } from '../lib/dom.js';
import { count, duration, millis } from '../lib/format.js';
import { Json } from '../lib/json.js';
import { VirtualList } from '../lib/virtual-list.js';

export class EventLog {
  constructor() {
    this.all = [];
    this.follow = false;
    this.filter = h('input', {
      type: 'search',
      placeholder: 'Filter: stage, agent, text…',
      'aria-label': 'Filter events',
      oninput: () => this.#show(),
      spellcheck: 'false',
    });
    this.number = h('span', { class: 'dim', role: 'status' });
    this.host = h('div', {
      class: 'events',
      role: 'log',
      'aria-live': 'off',
      'aria-label': 'Events of the run',
      tabindex: '0',
    });
    this.element = h(
      'section',
      { class: 'card', 'aria-label': 'Events' },
      h('div', { class: 'list-bar' }, h('h2', null, 'Events'), this.number, this.filter),
      this.host,
    );
    this.list = new VirtualList(
      this.host,
      26,
      () => {
        const row = h('div', { class: 'event' }, ...Array.from({ length: 4 }, () => h('span')));
        row.parts = [...row.children];
        return row;
      },
      (row, event) => this.#row(row, event),
    );
    this.host.addEventListener(
      'scroll',
      () => {
        if (this.live) this.follow = this.host.scrollTop + this.host.clientHeight >= this.host.scrollHeight - 40;
      },
      { passive: true },
    );
  }

  /** While the run goes on its newest events are in sight, unless somebody reads older ones. */
  set running(running) {
    if (this.live === running) return;
    this.live = running;
    this.follow = running;
    this.#keepUp();
  }

  close() {
    this.list.close();
  }

  begin(events) {
    this.all = [];
    this.add(events);
  }

  /** @param events with their `text`, so that what others wrote in them is shown as they wrote it */
  add(events) {
    const last = this.all.at(-1)?.seq ?? 0;
    for (const { text, ...event } of events) {
      if (event.seq <= last) continue;
      const said = new Json(text).get('meta')?.entries() ?? [];
      const meta = said
        .map(([name, value]) => `${name}: ${value.type === 'string' ? value.value() : value.text}`)
        .join(' · ');
      this.all.push({
        ...event,
        at: millis(event.time),
        meta,
        text: `${event.stage} ${event.step ?? ''} ${event.agent ?? ''} ${meta}`.toLowerCase(),
      });
    }
    this.#show();
  }

  #show() {
    const wanted = this.filter.value.trim().toLowerCase();
    const shown = wanted ? this.all.filter(e => e.text.includes(wanted)) : this.all;
    this.list.set(shown);
    setText(this.number, wanted ? `${count(shown.length)} of ${count(this.all.length)}` : count(this.all.length));
    this.#keepUp();
  }

  #keepUp() {
    if (this.follow) this.host.scrollTop = this.host.scrollHeight;
  }

  #row(row, event) {
    const [seq, at, stage, meta] = row.parts;
    setText(seq, String(event.seq));
    setText(at, `+${duration(event.at - this.all[0].at)}`);
    at.title = event.time;
    setText(stage, event.stage);
    stage.title = `${event.step ? `step ${event.step}` : 'the run'}${event.attempt ? `, attempt ${event.attempt}` : ''}`;
    const end = event.stage.slice(event.stage.lastIndexOf(':') + 1);
    stage.dataset.kind = ['error', 'failed', 'timeout', 'lost'].includes(end)
      ? 'bad'
      : ['completed', 'succeeded', 'done'].includes(end)
        ? 'good'
        : '';
    setText(meta, event.meta);
    meta.title = event.meta.slice(0, 2000);
  }
}
