// The artifacts that an output refers to: what they are, to be saved, and looked at where that is no burden.

import { getBlob } from '../lib/api.js';
import { h, replace } from '../lib/dom.js';
import { bytes } from '../lib/format.js';
import { readNpy } from '../lib/npy.js';
import { saveLink } from '../lib/save.js';

const MEMBER = '$artifact';
const MOST = 50;
const LARGEST_SHOWN = 32 * 1024 * 1024;
const MOST_TEXT = 20_000;
const MOST_VALUES = 60;

// Nothing that could run something where it is shown.
const PICTURES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif']);
const TEXTS = new Set(['text/plain', 'text/csv', 'application/json']);
const ARRAYS = new Set(['application/x-npy', 'application/npy']);

export class ArtifactList {
  constructor(path) {
    this.path = path;
    this.element = h('div');
    this.urls = [];
  }

  show(output) {
    this.close();
    const found = [...references(output)];
    replace(
      this.element,
      found.length
        ? h(
            'section',
            { 'aria-label': 'Artifacts' },
            h('h3', null, `Artifacts (${found.length})`),
            found.slice(0, MOST).map(one => this.#box(one)),
            found.length > MOST ? h('p', { class: 'dim' }, `${found.length - MOST} more.`) : null,
          )
        : null,
    );
  }

  /** Lets go of what was shown. */
  close() {
    this.urls.forEach(u => URL.revokeObjectURL(u));
    this.urls = [];
    replace(this.element);
  }

  #box(one) {
    const link = saveLink(this.#pathOf(one), one.name, 'Save');
    const line = [h('strong', null, one.name), ` ${one.media_type}, ${bytes(one.bytes)} `];
    const look = lookOf(one);
    if (!look) return h('p', { class: 'artifact' }, line, link);
    const content = h('div');
    const box = h('details', { class: 'artifact' }, h('summary', null, line), content, link);
    box.addEventListener('toggle', () => box.open && this.#look(content, one, look));
    return box;
  }

  async #look(content, one, look) {
    if (content.childNodes.length) return;
    content.append(h('p', { class: 'dim' }, `Reading ${bytes(one.bytes)}…`));
    try {
      const blob = await getBlob(this.#pathOf(one));
      if (content.isConnected) replace(content, await look(one, blob, b => this.#urlOf(b)));
    } catch (error) {
      replace(content, h('p', { class: 'dim' }, error.message));
    }
  }

  #urlOf(blob) {
    this.urls.push(URL.createObjectURL(blob));
    return this.urls.at(-1);
  }

  #pathOf(one) {
    return `${this.path}/artifacts/${one.sha256}`;
  }
}

/** What an output refers to, each name of each content once. */
function* references(value, seen = new Set()) {
  if (value === null || typeof value !== 'object') return;
  const inside = value[MEMBER];
  if (Object.keys(value).length === 1 && /^[0-9a-f]{64}$/.test(inside?.sha256) && Number.isFinite(inside.bytes)) {
    const id = `${inside.sha256} ${inside.name}`;
    if (!seen.has(id)) yield { ...inside, name: String(inside.name), media_type: String(inside.media_type) };
    seen.add(id);
    return;
  }
  for (const part of Object.values(value)) yield* references(part, seen);
}

/** How it is looked at; null where it is not. */
function lookOf(one) {
  const type = one.media_type.split(';')[0].trim().toLowerCase();
  if (one.bytes > LARGEST_SHOWN) return null;
  if (PICTURES.has(type)) return (o, blob, urlOf) => h('img', { src: urlOf(new Blob([blob], { type })), alt: o.name });
  if (type.startsWith('audio/'))
    return (o, blob, urlOf) => h('audio', { src: urlOf(new Blob([blob], { type })), controls: true, 'aria-label': o.name });
  if (type.startsWith('video/'))
    return (o, blob, urlOf) => h('video', { src: urlOf(new Blob([blob], { type })), controls: true, 'aria-label': o.name });
  if (TEXTS.has(type)) return async (_, blob) => h('pre', null, await blob.slice(0, MOST_TEXT).text());
  return ARRAYS.has(type) ? arrayOf : null;
}

async function arrayOf(_, blob) {
  const array = readNpy(await blob.arrayBuffer(), MOST_VALUES);
  if (!array) return h('p', { class: 'dim' }, 'It is no array that NumPy has written.');
  const more = array.values.length < array.shape.reduce((a, b) => a * b, 1) ? ', …' : '';
  return [
    h('p', { class: 'num' }, `${array.type} (${array.shape.join(' × ') || 'one value'})`),
    h('pre', null, array.values.map(v => Number(v.toPrecision(7))).join(', ') + more),
  ];
}
