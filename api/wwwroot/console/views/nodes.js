// The processes that execute attempts: what they are, what runs there, and what they have left.

import { get, now } from '../lib/api.js';
import { h, setText } from '../lib/dom.js';
import { bytes, count, duration, millis, plural } from '../lib/format.js';
import { failingOf } from './agent-parts.js';
import { CardPage } from './card-page.js';

export function nodesView(root, { query }, shell) {
  return new Nodes(root, query.get('node'), shell);
}

class Nodes {
  /** @param named The node that somebody came for; null for none. */
  constructor(root, named, shell) {
    this.named = named;
    this.page = new CardPage(root, shell, {
      name: 'nodes',
      title: 'Nodes',
      list: 'node-cards',
      read: () => get('api/v1/nodes'),
      show: ({ nodes }) => this.#show(nodes),
    });
  }

  close() {
    this.page.close();
  }

  #show(nodes) {
    this.page.say(count(nodes.length), this.#about(nodes));
    const cards = new Map();
    for (const node of nodes) {
      const known = this.page.cards.get(node.name);
      cards.set(node.name, known?.shape === shapeOf(node) ? known : new Card(node));
      cards.get(node.name).update(node);
    }
    this.page.put(cards);
    this.#showNamed();
  }

  #about(nodes) {
    if (this.named !== null && !nodes.some(n => n.name === this.named))
      return `The node ${this.named} is gone.`;
    if (nodes.length === 0) return 'There are no nodes: attempts wait until one joins.';
    return nodes.length === 1
      ? 'Everything runs in this one process.'
      : 'An attempt goes to a node with a free slot, and among these to the least loaded; ' +
          'if the agent or its data is already there, that makes up for some load.';
  }

  #showNamed() {
    const card = this.page.cards.get(this.named);
    if (!card) return;
    card.element.dataset.named = 'yes';
    // Once: afterwards the reader may have gone elsewhere.
    if (!this.shown) card.element.scrollIntoView({ block: 'nearest' });
    this.shown = true;
  }
}

/** What a card is built for; everything else about a node is put into the card that is there. */
const shapeOf = ({ slots, gpus }) =>
  JSON.stringify([slots.map(s => s.queue), gpus?.map(g => [g.index, g.name]) ?? null]);

class Card {
  constructor(node) {
    this.shape = shapeOf(node);
    this.state = h('span', { class: 'tag', hidden: true });
    this.queues = h('dd');
    this.running = h('dd');
    this.warm = h('dd');
    this.seen = h('dd');
    this.labels = h('dd');
    this.failing = h('dd');
    this.slots = node.slots.map(s => new Bar(`Queue ${s.queue}`, ['leased']));
    this.gpus = (node.gpus ?? []).map(g => new Bar(`GPU ${g.index} · ${g.name}`, ['leased', 'here', 'others']));
    this.element = h(
      'article',
      { class: 'card node-card', 'aria-label': `Node ${node.name}` },
      h('h2', null, node.name, this.state),
      h(
        'dl',
        null,
        [
          ['Queues', this.queues],
          ['Running', this.running],
          ['Warm agents', this.warm],
          ['Labels', this.labels],
          ['Failing', this.failing],
          ['Heard of', this.seen],
        ].map(([name, value]) => h('div', null, h('dt', null, name), value)),
      ),
      h('h3', null, 'Slots'),
      this.slots.length
        ? this.slots.map(b => b.element)
        : h('p', { class: 'dim' }, 'No queue has a limit here: only max_concurrency limits an agent.'),
      h('h3', null, 'GPUs'),
      this.gpus.length
        ? this.gpus.map(b => b.element)
        : h(
            'p',
            { class: 'dim' },
            node.gpus
              ? 'None: agents that need GPU memory are not placed here.'
              : 'GPU memory is not accounted for here: the resources of agents are ignored.',
          ),
    );
  }

  update(node) {
    const state = node.silent ? 'silent' : node.draining ? 'draining' : '';
    setText(this.state, state);
    this.state.hidden = !state;
    this.element.dataset.state = state;
    setText(this.queues, node.queues ? node.queues.join(', ') || 'none' : 'all');
    setText(this.running, runs(node));
    setText(
      this.labels,
      Object.entries(node.labels ?? {})
        .map(([name, text]) => `${name}=${text}`)
        .join(', ') || 'none',
    );
    setText(this.failing, node.failing.map(f => `${f.agent} ${failingOf(f)}`).join(', ') || 'none');
    setText(this.warm, node.warm_agents.join(', ') || 'none');
    setText(this.seen, node.silent ? `${duration(now() - millis(node.seen_at))} ago` : 'just now');
    node.slots.forEach(({ running, slots }, i) =>
      this.slots[i].show(`${count(running)} of ${count(slots)} in use`, slots, [running]),
    );
    (node.gpus ?? []).forEach((gpu, i) => this.#showGpu(this.gpus[i], gpu));
  }

  // What attempts lease is, once it is loaded, part of what the node uses: only what goes beyond that is a part of its own.
  #showGpu(bar, gpu) {
    const { total_bytes: total, leased_bytes: leased, used_here_bytes: here, used_by_others_bytes: others } = gpu;
    const kept = Math.max(0, here - leased);
    bar.show(
      `${bytes(Math.max(0, total - leased - kept - others))} free of ${bytes(total)}`,
      total,
      [leased, kept, others],
      [`${bytes(leased)} leased by attempts`, `${bytes(here)} used here`, `${bytes(others)} used by others`],
    );
  }
}

function runs({ running, agents }) {
  if (running === 0) return 'nothing';
  const each = agents.map(a => `${a.agent} ${count(a.running)}`).join(', ');
  return `${plural(running, 'attempt')}: ${each}`;
}

/** A bar of one part or more, and the words that say the same. */
class Bar {
  constructor(label, parts) {
    this.text = h('span', { class: 'num' });
    this.fills = parts.map(part => h('span', { class: `meter-fill ${part}` }));
    this.words = parts.map(() => h('span', { class: 'num' }));
    this.legend = h(
      'p',
      { class: 'legend', hidden: true },
      parts.map((part, i) =>
        h('span', null, h('i', { class: `swatch ${part}`, 'aria-hidden': 'true' }), this.words[i]),
      ),
    );
    this.element = h(
      'div',
      { class: 'bar' },
      h('p', { class: 'bar-head' }, h('span', null, label), this.text),
      h('span', { class: 'meter wide', 'aria-hidden': 'true' }, this.fills),
      this.legend,
    );
  }

  /** @param words What each part is, for bars of several. */
  show(text, whole, parts, words = []) {
    setText(this.text, text);
    parts.forEach((part, i) => {
      this.fills[i].style.width = `${whole > 0 ? Math.min(100, (part / whole) * 100) : 0}%`;
      // Where a legend tells parts by their colours, these stay.
      this.fills[i].dataset.full = parts.length === 1 && part >= whole ? 'yes' : 'no';
    });
    words.forEach((word, i) => setText(this.words[i], word));
    this.legend.hidden = words.length === 0;
  }
}
