// Small live charts: the last two minutes, a bucket a second.

import { h, s } from './dom.js';

export const SECONDS = 120;
const W = 240;
const H = 44;

/** Counts and samples by second, newest last. */
export class Series {
  constructor() {
    this.buckets = new Map();
  }

  add(ms, name, value = 1) {
    const second = Math.floor(ms / 1000);
    let bucket = this.buckets.get(second);
    if (!bucket) this.buckets.set(second, (bucket = { accepted: 0, completed: 0, failed: 0, latency: [] }));
    if (name !== 'latency') bucket[name] += value;
    // A thousand samples say enough about one second.
    else if (bucket.latency.length < 1000) bucket.latency.push(value);
  }

  /** Forgets what is too old; one entry a second, undefined where nothing happened. */
  window(now) {
    const end = Math.floor(now / 1000);
    for (const second of this.buckets.keys()) if (second <= end - SECONDS) this.buckets.delete(second);
    return Array.from({ length: SECONDS }, (_, i) => this.buckets.get(end - SECONDS + 1 + i));
  }
}

export const percentile = (sorted, p) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))];

/** One chart: a title, a number that is true now, and lines or bars below. */
export class Chart {
  constructor(title, layers) {
    this.number = h('strong', null, '–');
    this.detail = h('span', { class: 'dim' });
    this.paths = layers.map(layer => s('path', { class: `chart-${layer}` }));
    this.svg = s('svg', { viewBox: `0 0 ${W} ${H}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, this.paths);
    this.element = h(
      'figure',
      { class: 'chart' },
      h('figcaption', null, h('span', { class: 'dim' }, title), this.number, this.detail),
      this.svg,
    );
  }

  /** @param layers for each layer its values, null for gaps; bars are stacked by the caller. */
  draw(layers, number, detail) {
    const top = Math.max(1e-9, ...layers.flat().filter(v => v !== null));
    const x = i => ((i / (SECONDS - 1)) * W).toFixed(1);
    const y = v => (H - 2 - (v / top) * (H - 4)).toFixed(1);
    layers.forEach((values, n) => {
      let path = '';
      values.forEach((v, i) => {
        if (v === null) return;
        // A short dash, so that a value on its own can be seen; the next one is joined to it.
        path += `${path ? 'L' : 'M'}${x(i)} ${y(v)}h1`;
      });
      this.paths[n].setAttribute('d', path);
    });
    if (this.number.textContent !== number) this.number.textContent = number;
    if (this.detail.textContent !== detail) this.detail.textContent = detail;
  }
}
