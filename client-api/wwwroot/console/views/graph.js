// The plan as a graph in layers: a step stands to the right of everything that it needs.

import { h, replace, s, setText } from '../lib/dom.js';
import { mark, plural, word } from '../lib/format.js';

const W = 168;
const H = 46;
const GAP_X = 44;
const GAP_Y = 14;
const MOST_PER_LAYER = 10;
const URGENT = { failed: 0, running: 1, pending: 2, cancelled: 3, completed: 4, skipped: 5 };

export class Graph {
  constructor(select) {
    this.select = select;
    this.element = h('div', { class: 'graph', role: 'group', 'aria-label': 'Steps of the plan', tabindex: '0' });
    this.nodes = new Map();
  }

  show(run, selected) {
    const layers = layout(run.steps);
    const shape = layers.map(l => l.map(n => n.id).join(' ')).join('|');
    if (shape !== this.shape) {
      this.shape = shape;
      this.#build(layers);
    }
    for (const layer of layers) for (const node of layer) this.#update(node, selected);
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
    layers.forEach((layer, x) => layer.forEach((node, y) => {
      const at = { x: 8 + x * (W + GAP_X), y: (height - layer.length * (H + GAP_Y) + GAP_Y) / 2 + y * (H + GAP_Y) };
      for (const id of node.ids) place.set(id, at);
      const name = h('span', { class: 'node-name' });
      const note = h('span', { class: 'node-note' });
      const fill = h('span', { class: 'node-fill' });
      const button = h('button', {
        type: 'button', class: 'node', style: { left: `${at.x}px`, top: `${at.y}px`, width: `${W}px`, height: `${H}px` },
        onclick: () => this.select(node.ids[0]),
      }, fill, name, note);
      this.nodes.set(node.id, { button, name, note, fill });
      buttons.push(button);
    }));
    const drawn = new Set();
    for (const node of layers.flat()) {
      for (const need of node.needs) {
        const from = place.get(need);
        const to = place.get(node.ids[0]);
        const line = `M${from.x + W} ${from.y + H / 2}C${from.x + W + GAP_X / 2} ${from.y + H / 2} ${to.x - GAP_X / 2} ${to.y + H / 2} ${to.x} ${to.y + H / 2}`;
        if (drawn.has(line)) continue;
        drawn.add(line);
        this.edges.push({ from: need, path: s('path', { d: line, class: 'edge' }) });
      }
    }
    const picture = s('svg', { width, height, 'aria-hidden': 'true' }, this.edges.map(e => e.path));
    replace(this.element, h('div', { class: 'graph-space', style: { width: `${width}px`, height: `${height}px` } }, picture, buttons));
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

function describe(step) {
  const parts = [`${mark(step.status)} ${word(step.status)}`];
  if (step.mode !== 'one') parts.push(step.branches ? `${step.mode} of ${step.branches}` : step.mode);
  if (step.attempts.length > 1) parts.push(plural(step.attempts.length, 'attempt'));
  const running = step.attempts.filter(a => a.status === 'running').map(a => a.progress ?? 0);
  const progress = step.status === 'running' && running.length ? Math.max(...running) : 0;
  return { name: step.id, note: parts.join(' · '), state: step.status, progress };
}

function describeMany(steps) {
  const counts = new Map();
  for (const step of steps) counts.set(step.status, (counts.get(step.status) ?? 0) + 1);
  const worst = [...counts.keys()].sort((a, b) => URGENT[a] - URGENT[b])[0];
  const done = steps.filter(step => step.status === 'completed').length;
  return {
    name: `${steps.length} more steps`, note: [...counts].map(([status, n]) => `${n} ${word(status)}`).join(' · '),
    state: worst, progress: done / steps.length,
  };
}

/** Layers of nodes; a node is a step, or the many steps of a layer that has too many to show. */
export function layout(steps) {
  const depth = new Map();
  // Steps come in an order in which every step stands after those that it needs.
  for (const step of steps) depth.set(step.id, 1 + Math.max(-1, ...step.needs.map(n => depth.get(n) ?? -1)));
  const layers = [];
  for (const step of steps) (layers[depth.get(step.id)] ??= []).push(step);
  const row = new Map();
  return layers.map(layer => {
    const heart = new Map(layer.map((step, i) => [step.id, step.needs.length
      ? step.needs.reduce((sum, n) => sum + (row.get(n) ?? 0), 0) / step.needs.length : i]));
    const sorted = layer.toSorted((a, b) => heart.get(a.id) - heart.get(b.id));
    const shown = sorted.length <= MOST_PER_LAYER ? sorted : sorted.slice(0, MOST_PER_LAYER - 1);
    const hidden = sorted.slice(shown.length);
    const nodes = shown.map(step => ({ id: step.id, ids: [step.id], steps: [step], needs: step.needs }));
    if (hidden.length) {
      nodes.push({
        id: `+${hidden[0].id}`, ids: hidden.map(x => x.id), steps: hidden, needs: [...new Set(hidden.flatMap(x => x.needs))],
      });
    }
    nodes.forEach((node, i) => { for (const id of node.ids) row.set(id, i); });
    return nodes;
  });
}
