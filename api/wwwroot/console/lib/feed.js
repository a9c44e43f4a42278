// The feed: a WebSocket that comes back by itself and asks for what it has missed.

import { get, key, url, whenSilent } from './api.js';

const LONGEST_WAIT = 5000;

// Further behind than this it is quicker to read the lists again than every event since.
const FAR_BEHIND = 20_000;

// What every event begins with, and no other has: its number, its time and its run.
const WHO = /^\{"seq":(\d+),"time":"[^"]*"(,"run_id":"[^"]*")?/;

// What the server says to a number that is none of its events.
const RESET = /^\{"seq":\d+,"time":"[^"]*","stage":"feed:reset"/;

export class Feed {
  /**
   * @param params what to follow: { run_id, stage, after }
   * @param on { events(list), state('connected' | 'connecting' | 'disconnected'), reset() }
   * Without `after` it begins with what comes next. `reset` means: read everything again.
   */
  constructor(params, on, relevant = null) {
    this.params = params;
    this.on = on;
    this.relevant = relevant;
    this.last = params.after ?? null;
    this.tries = 0;
    this.closed = false;
    this.waiting = [];
    this.wake = () => this.#now();
    window.addEventListener('online', this.wake);
    this.forget = whenSilent(() => this.#drop());
    this.#connect();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    window.removeEventListener('online', this.wake);
    this.forget();
    this.socket?.close();
  }

  async #connect() {
    this.on.state('connecting');
    try {
      const { last_seq: head } = await get('health');
      if (this.closed) return;
      if (this.last === null) this.last = head;
      const distance = head - this.last;
      if (this.tries > 0 && (distance < 0 || (distance > FAR_BEHIND && !this.params.run_id))) {
        // A server with other data, or too much to catch up with.
        this.last = head;
        this.who = null;
        this.on.reset();
      }
    } catch (error) {
      if (!this.closed) this.#later(error.status === 401 || error.status === 403);
      return;
    }
    // The last one once more: a server with other data may have come as far by now, and then it is another.
    this.seen = this.who;
    const params = new URLSearchParams({ ...this.params, after: this.seen ? this.last - 1 : this.last });
    const address = url(`ws/agents?${params}`).replace(/^http/, 'ws');
    const protocols = key.get() ? ['agentgrid', `key.${key.get()}`] : ['agentgrid'];
    this.socket = new WebSocket(address, protocols);
    this.socket.onopen = () => {
      this.tries = 0;
      this.on.state('connected');
    };
    this.socket.onmessage = message => this.#take(message.data);
    this.socket.onclose = () => {
      if (!this.closed) this.#later(false);
    };
  }

  #take(text) {
    const [who, seq] = WHO.exec(text);
    const again = this.seen && Number(seq) === this.last;
    if (again && who === this.seen) {
      this.seen = null;
      return;
    }
    if (again || RESET.test(text)) {
      // A server with other data: from its newest event on, as after a loss.
      this.last = Number.MAX_SAFE_INTEGER;
      this.who = null;
      this.socket.close();
      return;
    }
    this.seen = null;
    this.who = who;
    this.last = Number(seq);
    // Thousands of events a second can come; only those that somebody shows are read.
    if (this.relevant && !this.relevant.test(text.slice(0, 4000))) return;
    this.waiting.push({ ...JSON.parse(text), text });
    if (this.waiting.length === 1) setTimeout(() => this.#deliver(), 16);
  }

  #deliver() {
    const events = this.waiting;
    this.waiting = [];
    if (!this.closed) this.on.events(events);
  }

  // Nothing comes over this socket any more, and it would not say so: its farewell would get no answer either.
  #drop() {
    if (!this.socket || this.socket.readyState > WebSocket.OPEN) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.#later(false);
  }

  #later(refused) {
    this.on.state('disconnected');
    const wait = refused ? LONGEST_WAIT : Math.min(LONGEST_WAIT, 250 * 2 ** this.tries);
    this.tries++;
    this.timer = setTimeout(() => this.#connect(), wait);
  }

  #now() {
    if (this.closed || !this.timer || this.socket?.readyState === WebSocket.OPEN) return;
    clearTimeout(this.timer);
    this.#connect();
  }
}
