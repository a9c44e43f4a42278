// Plays a motion: frames of joints, drawn as a skeleton on a canvas. Drag to walk around it.

import { h, setText } from '../lib/dom.js';

/** Whether an output is something that can be played. */
export const isMotion = value =>
  Array.isArray(value?.frames) &&
  value.frames.length > 0 &&
  Array.isArray(value.joints) &&
  Array.isArray(value.parents) &&
  value.frames.every(
    f =>
      Array.isArray(f) &&
      f.length === value.joints.length &&
      f.every(j => Array.isArray(j) && j.length === 3 && j.every(Number.isFinite)),
  ) &&
  value.parents.length === value.joints.length &&
  value.parents.every((p, i) => Number.isInteger(p) && p >= -1 && p < value.joints.length && p !== i);

export class Skeleton {
  constructor(motion) {
    this.motion = motion;
    this.fps = motion.fps > 0 ? motion.fps : 30;
    this.frame = 0;
    this.turn = 0.6;
    this.playing = !matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.#measure();
    this.canvas = h('canvas', {
      class: 'skeleton',
      role: 'img',
      'aria-label': `Motion with ${motion.frames.length} frames`,
      width: 640,
      height: 480,
    });
    this.play = h('button', { type: 'button', class: 'quiet', onclick: () => this.#toggle() });
    this.scrub = h('input', {
      type: 'range',
      min: 0,
      max: motion.frames.length - 1,
      step: 1,
      value: 0,
      'aria-label': 'Frame',
      oninput: () => {
        this.playing = false;
        this.frame = Number(this.scrub.value);
        this.#show();
      },
    });
    this.label = h('output', { class: 'dim num' });
    this.element = h(
      'figure',
      { class: 'motion', 'aria-label': 'Motion' },
      this.canvas,
      h('figcaption', null, this.play, this.scrub, this.label),
    );
    this.#drag();
    this.#show();
    this.last = performance.now();
    this.loop = requestAnimationFrame(now => this.#step(now));
  }

  close() {
    cancelAnimationFrame(this.loop);
  }

  #measure() {
    const all = this.motion.frames.flat();
    const low = [0, 1, 2].map(k => all.reduce((m, j) => Math.min(m, j[k]), Infinity));
    const high = [0, 1, 2].map(k => all.reduce((m, j) => Math.max(m, j[k]), -Infinity));
    this.middle = low.map((l, k) => (l + high[k]) / 2);
    this.floor = low[1];
    this.size = Math.max(0.1, high[1] - low[1], Math.hypot(high[0] - low[0], high[2] - low[2]));
  }

  #toggle() {
    this.playing = !this.playing;
    this.#show();
  }

  #drag() {
    let from = null;
    this.canvas.addEventListener('pointerdown', e => {
      from = e.clientX;
      this.canvas.setPointerCapture(e.pointerId);
    });
    this.canvas.addEventListener('pointermove', e => {
      if (from === null) return;
      this.turn += (e.clientX - from) / 120;
      from = e.clientX;
      this.#draw();
    });
    this.canvas.addEventListener('pointerup', () => {
      from = null;
    });
  }

  #step(now) {
    if (this.playing) {
      const before = Math.floor(this.frame);
      // The first frame can carry a time from before the page asked for it.
      this.frame = (this.frame + (Math.max(0, now - this.last) / 1000) * this.fps) % this.motion.frames.length;
      if (Math.floor(this.frame) !== before) this.#show();
    }
    this.last = now;
    this.loop = requestAnimationFrame(next => this.#step(next));
  }

  #show() {
    const frame = Math.floor(this.frame);
    setText(this.play, this.playing ? 'Pause' : 'Play');
    this.scrub.value = frame;
    setText(this.label, `${frame + 1} / ${this.motion.frames.length} · ${(frame / this.fps).toFixed(2)} s`);
    this.canvas.dataset.frame = frame;
    this.#draw();
  }

  #project([x, y, z]) {
    const dx = x - this.middle[0];
    const dz = z - this.middle[2];
    const side = dx * Math.cos(this.turn) + dz * Math.sin(this.turn);
    const depth = dz * Math.cos(this.turn) - dx * Math.sin(this.turn);
    const scale = (this.canvas.height * 0.78) / this.size / (1 - depth * 0.12);
    return [
      this.canvas.width / 2 + side * scale,
      this.canvas.height * 0.5 - (y - this.middle[1]) * scale - depth * 14,
      depth,
    ];
  }

  #draw() {
    const context = this.canvas.getContext('2d');
    const style = getComputedStyle(this.canvas);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.#drawFloor(context, style.borderTopColor);
    const points = this.motion.frames[Math.floor(this.frame)].map(j => this.#project(j));
    context.lineCap = 'round';
    const bones = this.motion.parents
      .map((p, i) => [p, i])
      .filter(([p]) => p >= 0)
      .sort(([a, b], [c, d]) => points[a][2] + points[b][2] - (points[c][2] + points[d][2]));
    for (const [p, i] of bones) {
      const name = String(this.motion.joints[i]);
      context.strokeStyle = name.startsWith('left')
        ? '#22a06b'
        : name.startsWith('right')
          ? '#e2622b'
          : style.accentColor;
      context.lineWidth = 9;
      context.beginPath();
      context.moveTo(points[p][0], points[p][1]);
      context.lineTo(points[i][0], points[i][1]);
      context.stroke();
    }
    context.fillStyle = style.color;
    this.motion.joints.forEach((name, i) => {
      context.beginPath();
      context.arc(points[i][0], points[i][1], name === 'head' ? 15 : 4.5, 0, 7);
      context.fill();
    });
  }

  #drawFloor(context, color) {
    context.strokeStyle = color;
    context.lineWidth = 1;
    const reach = this.size * 0.6;
    const line = (a, b) => {
      const [x1, y1] = this.#project(a);
      const [x2, y2] = this.#project(b);
      context.beginPath();
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
      context.stroke();
    };
    for (let i = -3; i <= 3; i++) {
      const d = (i / 3) * reach;
      const [x, , z] = this.middle;
      line([x + d, this.floor, z - reach], [x + d, this.floor, z + reach]);
      line([x - reach, this.floor, z + d], [x + reach, this.floor, z + d]);
    }
  }
}
