// Throughput and latency of the last two minutes, and what is active now.

import { get, now } from '../lib/api.js';
import { Chart, percentile, Series } from '../lib/chart.js';
import { h, setText } from '../lib/dom.js';
import { count, duration, millis } from '../lib/format.js';

const RECENT = 10;

export class RunCharts {
  constructor() {
    this.series = new Series();
    this.throughput = new Chart('Ended per second', ['good', 'bad']);
    this.latency = new Chart('Latency, p50 and p95', ['main', 'soft']);
    this.active = h('strong', null, '–');
    this.queued = h('span', { class: 'dim' });
    this.health = h('p', { class: 'dim' });
    this.element = h(
      'section',
      { class: 'charts', 'aria-label': 'Throughput and latency of the last two minutes' },
      h(
        'figure',
        { class: 'chart' },
        h('figcaption', null, h('span', { class: 'dim' }, 'Active runs'), this.active, this.queued),
        this.health,
      ),
      this.throughput.element,
      this.latency.element,
    );
    this.timer = setInterval(() => this.#look(), 2000);
    this.#look();
  }

  close() {
    clearInterval(this.timer);
  }

  /** Runs that had ended before the page was opened. */
  begin(rows) {
    for (const row of rows) if (row.ended) this.#ended(row.ended, row.accepted, row.status);
    this.draw();
  }

  take(event, status) {
    // A run's id begins with the millisecond in which it was accepted (UUID version 7).
    if (status === 'completed' || status === 'failed') {
      this.#ended(millis(event.time), Number.parseInt(event.run_id.slice(0, 12), 16), status);
    }
  }

  draw() {
    const window = this.series.window(now());
    const recent = window.slice(-RECENT - 1, -1);
    const sum = name => recent.reduce((n, bucket) => n + (bucket?.[name] ?? 0), 0);
    const failed = sum('failed');
    const anyFailed = window.some(b => b?.failed);
    this.throughput.draw(
      [window.map(b => b?.completed ?? 0), window.map(b => (anyFailed ? (b?.failed ?? 0) : null))],
      `${((sum('completed') + failed) / RECENT).toFixed(1)}/s`,
      failed ? `${(failed / RECENT).toFixed(1)}/s failed` : '',
    );
    const sorted = window.map(b => (b?.latency.length ? b.latency.toSorted((x, y) => x - y) : null));
    const all = recent.flatMap(b => b?.latency ?? []).sort((x, y) => x - y);
    this.latency.draw(
      [sorted.map(l => l && percentile(l, 0.5)), sorted.map(l => l && percentile(l, 0.95))],
      all.length ? duration(percentile(all, 0.5)) : '–',
      all.length ? `p95 ${duration(percentile(all, 0.95))}` : '',
    );
  }

  #ended(ended, accepted, status) {
    if (status === 'completed' || status === 'failed') this.series.add(ended, status);
    if (status === 'completed') this.series.add(ended, 'latency', ended - accepted);
  }

  async #look() {
    if (document.hidden) return;
    try {
      const health = await get('health');
      setText(this.active, count(health.active_runs));
      setText(this.queued, `${count(health.queued_runs)} queued`);
      setText(this.health, `${count(health.last_seq)} events so far`);
    } catch (error) {
      if (error.status !== 0) setText(this.health, error.message);
    }
  }
}
