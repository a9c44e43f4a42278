// The plan as a graph in layers: a step stands to the right of everything that it needs.

import { h, replace, s, setText } from '../lib/dom.js';
import { mark, plural, word } from '../lib/format.js';
import { stateOf } from './held-up.js';

const W = 168;
const H = 46;
const GAP_X = 44;
const GAP_Y = 14;
const MOST_PER_LAYER = 10;
const MOST_HEIGHT = 420;
const STEP = 1.25;
const LEAST = 0.3;
const MOST = 2;

// A plan is made to fit down to this size; smaller, it could not be read.
const LEAST_TO_FIT = 0.6;

// In plans up to this size, a line to a later layer has a place of its own in the layers between.
const MOST_WITH_LANES = 80;
const URGENT = { failed: 0, running: 1, pending: 2, cancelled: 3, completed: 4, skipped: 5 };

export class Graph {
  constructor(select) {
    this.select = select;
    this.scroller = h('div', { class: 'graph', role: 'group', 'aria-label': 'Steps of the plan', tabindex: '0' });
    const tool = (sign, title, zoom) =>
      h('button', { type: 'button', class: 'quiet small', title, 'aria-label': title, onclick: () => this.#zoom(zoom()) }, sign);
    this.tools = h(
      'div',
      { class: 'graph-tools', hidden: true },
      tool('−', 'Smaller', () => Math.max(LEAST, this.scale / STEP)),
      tool('Fit', 'The whole plan, as far as it can be read', () => null),
      tool('+', 'Larger', () => Math.min(MOST, this.scale * STEP)),
    );
    this.element = h('div', { class: 'graph-box' }, this.tools, this.scroller);
    this.nodes = new Map();
    this.chosen = null;
    this.scale = 1;
    new ResizeObserver(() => this.#zoom(this.chosen)).observe(this.scroller);
  }

  /** @param {number | null} chosen The scale, or that which makes it fit. */
  #zoom(chosen) {
    if (!this.size || !this.scroller.clientWidth) return;
    this.chosen = chosen;
    const whole = Math.min(1, this.scroller.clientWidth / this.size.width, MOST_HEIGHT / this.size.height);
    this.scale = chosen ?? Math.max(LEAST_TO_FIT, whole);
    this.space.style.zoom = this.scale;
    this.tools.hidden = chosen === null && whole === 1;
  }

  show(run, selected) {
    const layers = layout(run.steps);
    const shape = layers.map(l => l.map(n => n.id).join(' ')).join('|');
    if (shape !== this.shape) {
      this.shape = shape;
      this.#build(layers);
    }
    for (const layer of layers) for (const node of layer) if (node.steps.length) this.#update(node, selected);
    const byId = new Map(run.steps.map(step => [step.id, step]));
    for (const edge of this.edges) {
      const state = byId.get(edge.from)?.status ?? '';
      if (edge.path.dataset.state !== state) edge.path.dataset.state = state;
    }
  }

  #build(layers) {
    this.nodes.clear();
    this.edges = [];
    const height = Math.max(...layers.map(l => l.length)) * (H + GAP_Y) + GAP_Y;
    const width = layers.length * (W + GAP_X) - GAP_X + 16;
    const place = new Map();
    const buttons = [];
    layers.forEach((layer, x) =>
      layer.forEach((node, y) => {
        const at = { x: 8 + x * (W + GAP_X), y: (height - layer.length * (H + GAP_Y) + GAP_Y) / 2 + y * (H + GAP_Y) };
        for (const id of node.ids) place.set(id, at);
        if (!node.steps.length) {
          node.at = at;
          return;
        }
        const name = h('span', { class: 'node-name' });
        const note = h('span', { class: 'node-note' });
        const fill = h('span', { class: 'node-fill' });
        const button = h(
          'button',
          {
            type: 'button',
            class: 'node',
            style: { left: `${at.x}px`, top: `${at.y}px`, width: `${W}px`, height: `${H}px` },
            onclick: () => this.select(node.ids[0]),
          },
          fill,
          name,
          note,
        );
        this.nodes.set(node.id, { button, name, note, fill });
        buttons.push(button);
      }),
    );
    const drawn = new Set();
    const lanes = Map.groupBy(
      layers.flat().filter(n => !n.steps.length),
      lane => lane.from,
    );
    for (const node of layers.flat().filter(n => n.steps.length)) {
      for (const need of node.needs) {
        const to = place.get(node.ids[0]);
        if (!to) continue;
        const line = route(place.get(need), to, lanes.get(need) ?? []);
        if (drawn.has(line)) continue;
        drawn.add(line);
        this.edges.push({ from: need, path: s('path', { d: line, class: 'edge' }) });
      }
    }
    const picture = s(
      'svg',
      { width, height, 'aria-hidden': 'true' },
      this.edges.map(e => e.path),
    );
    this.size = { width, height };
    this.space = h('div', { class: 'graph-space', style: { width: `${width}px`, height: `${height}px` } }, picture, buttons);
    replace(this.scroller, this.space);
    this.#zoom(this.chosen);
  }

  #update(node, selected) {
    const { button, name, note, fill } = this.nodes.get(node.id);
    const text = node.steps.length === 1 ? describe(node.steps[0]) : describeMany(node.steps);
    setText(name, text.name);
    setText(note, text.note);
    fill.style.width = `${Math.round(text.progress * 100)}%`;
    button.dataset.state = text.state;
    button.setAttribute('aria-pressed', String(node.ids.includes(selected)));
    button.title = `${text.name}: ${text.note}`;
  }
}

/** A line from one node to another, through the lanes that lie between them. */
function route(from, to, lanes) {
  let line = `M${from.x + W} ${from.y + H / 2}`;
  let at = { x: from.x + W, y: from.y + H / 2 };
  for (const stop of [...lanes.map(l => l.at).filter(l => l.x < to.x), to]) {
    const y = stop.y + H / 2;
    line += `C${at.x + GAP_X / 2} ${at.y} ${stop.x - GAP_X / 2} ${y} ${stop.x} ${y}`;
    at = { x: stop.x, y };
    if (stop !== to) line += `H${(at.x += W)}`;
  }
  return line;
}

function describe(step) {
  if (step.note !== undefined) return { name: step.id, note: step.note, state: '', progress: 0 };
  const state = stateOf(step);
  const parts = [`${mark(state)} ${word(state)}`];
  if (step.mode !== 'one') parts.push(step.branches ? `${step.mode} of ${step.branches}` : step.mode);
  if (step.attempts.length > 1) parts.push(plural(step.attempts.length, 'attempt'));
  const running = step.attempts.filter(a => a.status === 'running').map(a => a.progress ?? 0);
  const progress = step.status === 'running' && running.length ? Math.max(...running) : 0;
  return { name: step.id, note: parts.join(' · '), state, progress };
}

function describeMany(steps) {
  const name = `${steps.length} more steps`;
  if (steps[0].note !== undefined) return { name, note: 'click to show the first', state: '', progress: 0 };
  const counts = new Map();
  for (const step of steps) counts.set(step.status, (counts.get(step.status) ?? 0) + 1);
  const worst = [...counts.keys()].sort((a, b) => URGENT[a] - URGENT[b])[0];
  const done = steps.filter(step => step.status === 'completed').length;
  return {
    name,
    note: [...counts].map(([status, n]) => `${n} ${word(status)}`).join(' · '),
    state: worst,
    progress: done / steps.length,
  };
}

/** Layers of nodes; a node is a step, or the many steps of a layer that has too many to show. */
export function layout(steps) {
  const depth = new Map();
  // Steps come in an order in which every step stands after those that it needs.
  for (const step of steps) depth.set(step.id, 1 + Math.max(-1, ...step.needs.map(n => depth.get(n) ?? -1)));
  const layers = [];
  for (const step of steps) (layers[depth.get(step.id)] ??= []).push(step);
  if (steps.length <= MOST_WITH_LANES) addLanes(steps, depth, layers);
  const row = new Map();
  return layers.map(layer => {
    const heart = new Map(
      layer.map((step, i) => [
        step.id,
        step.needs.length ? step.needs.reduce((sum, n) => sum + (row.get(n) ?? 0), 0) / step.needs.length : i,
      ]),
    );
    const sorted = layer.toSorted((a, b) => heart.get(a.id) - heart.get(b.id));
    const real = sorted.filter(step => !step.lane);
    const hidden = real.length > MOST_PER_LAYER ? real.slice(MOST_PER_LAYER - 1) : [];
    const out = new Set(hidden);
    const shown = sorted.filter(step => !out.has(step));
    const nodes = shown.map(step => ({
      id: step.id,
      ids: [step.id],
      steps: step.lane ? [] : [step],
      needs: step.needs,
      from: step.lane,
    }));
    if (hidden.length) {
      nodes.push({
        id: `+${hidden[0].id}`,
        ids: hidden.map(x => x.id),
        steps: hidden,
        needs: [...new Set(hidden.flatMap(x => x.needs))],
      });
    }
    nodes.forEach((node, i) => {
      for (const id of node.ids) row.set(id, i);
    });
    return nodes;
  });
}

function addLanes(steps, depth, layers) {
  const last = new Map();
  for (const step of steps) {
    for (const need of step.needs) last.set(need, Math.max(last.get(need) ?? 0, depth.get(step.id)));
  }
  for (const [from, to] of last) {
    let before = from;
    for (let i = depth.get(from) + 1; i < to; i++) {
      // No step has such an id.
      const id = `${from} ${i}`;
      layers[i].push({ id, lane: from, needs: [before] });
      before = id;
    }
  }
}
