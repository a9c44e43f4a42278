// The list of runs: live, filtered, and as long as it likes.

import { get, now, query } from '../lib/api.js';
import { h, perFrame, setText, toast } from '../lib/dom.js';
import { Feed } from '../lib/feed.js';
import { count, millis } from '../lib/format.js';
import { pageOf } from '../lib/run-pages.js';
import { after, RANK, RunStates } from '../lib/run-states.js';
import { VirtualList } from '../lib/virtual-list.js';
import { bulk } from './bulk.js';
import { findRun } from './find-run.js';
import { keepPlace, placeHere, rowAt } from './place.js';
import { RunCharts } from './run-charts.js';
import { RunFilters, readFilters, served, servedStatusesOf, sinceOf, statusesOf } from './run-filters.js';
import { ENDED, listHead, makeRow, reasonOf, rowOf, showRow } from './run-row.js';

const PAGE = 500;
const NEXT_PAGE = 1000;
const MOST_ROWS = 100_000;
const MOST_DETAILS = 100;
const RELEVANT = /"stage":"(orchestration:|completed"|error"|cancelled"|[^"]*:(queued|start|error|timeout|cancelled)")/;

export function runsView(root, { query: params }, shell) {
  return new Runs(root, params, shell);
}

class Runs {
  constructor(root, params, shell) {
    this.shell = shell;
    [this.filters, this.wrong] = readFilters(params);
    this.states = new RunStates();
    this.charts = new RunCharts();
    this.rows = [];
    this.byId = new Map();
    this.added = [];
    this.held = [];
    this.place = placeHere();
    this.#build(root);
    this.flush = perFrame(() => this.#flush());
    this.timer = setInterval(() => {
      this.list.render();
      this.charts.draw();
    }, 1000);
    this.#begin();
  }

  close() {
    this.closed = true;
    clearInterval(this.timer);
    clearTimeout(this.again);
    this.feed?.close();
    this.list.close();
    this.charts.close();
  }

  #build(root) {
    this.summary = h('span', { class: 'dim', id: 'summary' });
    this.problem = h('p', { class: 'error-text', role: 'alert' });
    this.filter = new RunFilters(this.filters, () => {
      this.wrong = null;
      this.shell.setQuery(query(this.filters));
      this.#load();
    });
    this.host = h('div', {
      class: 'rows',
      role: 'table',
      'aria-label': 'Runs',
      'aria-describedby': 'summary',
      tabindex: '-1',
      onkeydown: event => this.#key(event),
      onclick: event => keepPlace(event, this.list),
    });
    root.append(
      h('h1', { class: 'hidden' }, 'Runs'),
      this.charts.element,
      this.filter.element,
      this.problem,
      h(
        'section',
        { class: 'card list', 'aria-label': 'List of runs' },
        h(
          'div',
          { class: 'list-bar' },
          this.summary,
          h(
            'div',
            { class: 'actions' },
            findRun(() => this.rows),
            h(
              'button',
              { type: 'button', class: 'quiet small', onclick: () => this.#bulk('cancel') },
              'Cancel matching…',
            ),
            h(
              'button',
              { type: 'button', class: 'quiet small', onclick: () => this.#bulk('retry') },
              'Retry matching…',
            ),
          ),
        ),
        listHead(),
        this.host,
      ),
    );
    this.list = new VirtualList(
      this.host,
      36,
      makeRow,
      (element, row, index) => showRow(element, row, index, this.states.of(row.id, row.status)),
      () => this.#more(),
    );
    this.list.space.setAttribute('role', 'rowgroup');
  }

  async #begin() {
    try {
      // The number first, the list after it: what happens in between comes over the feed, and nothing is missed.
      const health = await get('health');
      if (this.closed) return;
      this.feed = new Feed(
        { after: health.last_seq },
        {
          state: state => this.shell.state(state),
          reset: () => this.#load(),
          events: events => this.#take(events),
        },
        RELEVANT,
      );
      await this.#load(true);
      const [{ plans }, { agents }] = await Promise.all([get('api/v1/plans'), get('api/v1/agents')]);
      this.filter.offer(
        plans.map(p => p.name),
        agents.map(a => a.name),
      );
    } catch (error) {
      this.#failed(error, () => this.#begin());
    }
  }

  #failed(error, again) {
    if (this.closed || error.name === 'AbortError') return;
    setText(this.problem, error.message);
    if (error.status === 0 || error.status >= 500) this.again = setTimeout(again, 1000);
  }

  /** Reads the list from its beginning. */
  async #load(first = false) {
    if (this.wrong) {
      setText(this.problem, this.wrong);
      return;
    }
    this.loading?.abort();
    const loading = (this.loading = new AbortController());
    try {
      const page = await this.#page({ limit: PAGE }, loading);
      this.rows = [];
      this.byId.clear();
      this.added = [];
      this.host.scrollTop = 0;
      this.returning = first && this.place !== null;
      this.#loaded(loading, () => this.#append(page));
      setText(this.problem, '');
      if (first) this.charts.begin(this.rows);
      if (this.returning) await this.#return(this.place);
    } catch (error) {
      this.#loaded(loading);
      this.#failed(error, () => this.#load(first));
    }
    this.returning = false;
  }

  #more() {
    if (this.next && !this.loading && !this.returning) this.#readOn();
  }

  /** Reads the next page; false when it could not be read. */
  async #readOn() {
    const loading = (this.loading = new AbortController());
    try {
      const page = await this.#page({ limit: NEXT_PAGE, cursor: this.next }, loading);
      this.#loaded(loading, () => this.#append(page));
      return true;
    } catch (error) {
      this.#loaded(loading);
      this.#failed(error, () => this.#more());
      return false;
    }
  }

  #page(which, loading) {
    return pageOf(served(this.filters), servedStatusesOf(this.filters), which.limit, which.cursor, loading.signal);
  }

  /** Ends a reading; what was held back meanwhile happens to what was read. */
  #loaded(loading, use = () => {}) {
    if (this.loading !== loading) return;
    this.loading = null;
    use();
    const { held } = this;
    this.held = [];
    if (held.length) this.#take(held);
  }

  /** Reads on to the run that was opened from here, and puts it where it was. */
  async #return(place) {
    while (this.next && !this.byId.has(place.run) && !(this.rows.at(-1)?.accepted < place.accepted) && !this.closed) {
      if (!(await this.#readOn())) return;
    }
    const index = rowAt(place, this.list.items);
    if (index < 0 || this.closed) return;
    this.host.scrollTop = index * this.list.rowHeight - place.above;
    this.#focus(index);
  }

  #focus(index) {
    this.list.scrollTo(index);
    this.list.pool.find(row => !row.hidden && row.index === index)?.link.focus({ preventScroll: true });
  }

  #append(page) {
    const since = sinceOf(this.filters, now());
    const fresh = page.runs.map(rowOf).filter(row => row.accepted >= since && !this.byId.has(row.id));
    this.next = page.runs.length && millis(page.runs.at(-1).accepted_at) < since ? null : (page.next ?? null);
    for (const row of fresh) this.byId.set(row.id, row);
    this.rows = this.rows.concat(fresh);
    this.#lookInto(page.runs);
    this.#shown();
  }

  /** Of running runs the list says that they wait or are retried, but not for what; their details do. */
  async #lookInto(runs) {
    for (const run of runs) this.states.list(run);
    const held = runs.filter(r => r.waiting_attempts || r.retrying_branches || r.waiting_steps).slice(0, MOST_DETAILS);
    const next = async () => {
      for (let run = held.pop(); run && !this.closed; run = held.pop()) {
        try {
          this.states.read(await get(`api/v1/runs/${run.run_id}`));
          this.flush();
        } catch (error) {
          if (error.status !== 404) return; // removed meanwhile, or a server that has other worries
        }
      }
    };
    await Promise.all([next(), next(), next(), next()]);
  }

  #take(events) {
    if (this.wrong) return;
    if (this.loading) {
      // What is being read may be older than these, and would undo them.
      this.held = this.held.concat(events);
      return;
    }
    const wanted = statusesOf(this.filters);
    for (const event of events) {
      if (
        this.states.take(event) &&
        wanted.includes(this.states.of(event.run_id, 'running')) &&
        !this.byId.has(event.run_id)
      ) {
        this.#headIsOld();
      }
      // Only now does the run belong here: when it was accepted, nobody had had an attempt in it.
      if (this.filters.agent && event.agent === this.filters.agent && !this.byId.has(event.run_id)) this.#headIsOld();
      const status = after(event);
      if (!status) continue;
      this.charts.take(event, status);
      const row = this.byId.get(event.run_id);
      if (row) this.#change(row, event, status);
      else if (event.stage === 'orchestration:accepted') this.#accept(event, status);
      else if (wanted.includes(status)) this.#headIsOld();
    }
    this.flush();
  }

  #change(row, event, status) {
    // The list may be newer than the event; only a retry leads back.
    if (RANK[status] < RANK[row.status] && event.stage !== 'orchestration:retried') return;
    row.status = status;
    if (event.stage === 'orchestration:retried') row.started = null;
    if (event.stage === 'orchestration:started') row.started = millis(event.time);
    row.ended = ENDED.has(status) ? millis(event.time) : null;
    row.reason = reasonOf(event);
  }

  #accept(event, status) {
    const f = this.filters;
    // Events do not say the labels.
    if (f.label) this.#headIsOld();
    if (
      f.agent ||
      f.label ||
      (f.status && !statusesOf(f).includes(status)) ||
      (f.match_id && f.match_id !== event.match_id) ||
      (f.round && f.round !== event.round) ||
      (f.plan && f.plan !== event.meta.plan)
    )
      return;
    const row = rowOf({ ...event, plan: event.meta.plan, status, accepted_at: event.time });
    this.byId.set(row.id, row);
    this.added.push(row);
  }

  // A run has come to a status that is asked for, and is not here: read the head of the list again, not too often.
  #headIsOld() {
    if (this.head) return;
    this.head = setTimeout(async () => {
      this.head = null;
      if (this.closed) return;
      if (this.loading) {
        this.#headIsOld();
        return;
      }
      const loading = (this.loading = new AbortController());
      try {
        const head = await this.#readHead(loading);
        this.#loaded(loading, () => this.#putHead(head));
      } catch (error) {
        this.#loaded(loading);
        this.#failed(error, () => this.#headIsOld());
      }
    }, 700);
  }

  /** Reads from the newest run down to one that is here already: more than a page can have come. */
  async #readHead(loading) {
    const known = this.rows[0]?.accepted ?? Number.POSITIVE_INFINITY;
    let runs = [];
    let page = {};
    do {
      page = await this.#page({ limit: page.next ? NEXT_PAGE : PAGE, cursor: page.next }, loading);
      runs = runs.concat(page.runs);
    } while (page.next && millis(page.runs.at(-1)?.accepted_at) > known && !this.closed);
    return { runs, next: page.next ?? null };
  }

  #putHead({ runs, next }) {
    // The rows that are here are kept, so that the list knows them again.
    const fresh = runs.filter(run => !this.byId.has(run.run_id));
    const rows = runs.map(run => Object.assign(this.byId.get(run.run_id) ?? {}, rowOf(run)));
    const ids = new Set(rows.map(r => r.id));
    // Of a page that is empty and not the last, nothing is known of the rows that are further down.
    const last = rows.at(-1)?.accepted ?? Number.POSITIVE_INFINITY;
    const rest = next ? this.rows.filter(r => r.accepted <= last && !ids.has(r.id)) : [];
    if (rest.length === 0) this.next = next;
    this.rows = rows.concat(rest);
    this.byId = new Map(this.rows.map(r => [r.id, r]));
    this.#lookInto(fresh);
    this.#shown();
  }

  #flush() {
    if (this.added.length) {
      this.rows = this.added.reverse().concat(this.rows);
      this.added = [];
      if (this.rows.length > MOST_ROWS && this.host.scrollTop === 0) {
        this.#load();
        return;
      }
    }
    this.#shown();
  }

  #shown() {
    const wanted = statusesOf(this.filters);
    const rows = wanted.length ? this.rows.filter(r => wanted.includes(this.states.of(r.id, r.status))) : this.rows;
    this.list.set(rows);
    this.host.setAttribute('aria-rowcount', this.next ? -1 : rows.length);
    this.host.dataset.empty = rows.length === 0 && !this.next && !this.loading ? 'yes' : 'no';
    setText(
      this.summary,
      rows.length === 0
        ? this.#emptiness()
        : `${count(rows.length)} ${rows.length === 1 ? 'run' : 'runs'}${this.next ? ' read, more below' : ''}`,
    );
  }

  #emptiness() {
    if (this.next) return 'Looking further back…';
    if (this.loading) return 'Reading…';
    return Object.values(this.filters).some(Boolean) ? 'No run matches these filters' : 'No runs here yet';
  }

  #key(event) {
    const far = this.list.items.length;
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: 15, PageUp: -15, End: far, Home: -far }[event.key];
    if (!step) return;
    event.preventDefault();
    const from = document.activeElement?.closest('.row')?.index ?? -1;
    this.#focus(Math.max(0, Math.min(this.list.items.length - 1, from + step)));
  }

  async #bulk(kind) {
    if (this.wrong) {
      toast(this.wrong, 'bad');
      return;
    }
    await bulk(
      kind,
      served(this.filters),
      servedStatusesOf(this.filters),
      // Runs that wait or are retried are shown as what they are, not as running.
      (row, asked) => asked !== 'running' || !(row.waiting_attempts || row.retrying_branches || row.waiting_steps),
      sinceOf(this.filters, now()),
    );
  }
}
