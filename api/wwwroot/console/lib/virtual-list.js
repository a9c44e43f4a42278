// A list of which only the visible rows exist. Rows have one height; their elements are used again.

import { perFrame } from './dom.js';

const SPARE = 8;

export class VirtualList {
  /**
   * @param host the element that scrolls
   * @param make makes an empty row: () => element
   * @param show fills a row: (element, item, index)
   * @param onEnd called when the end of what is loaded comes near
   */
  constructor(host, rowHeight, make, show, onEnd = () => {}) {
    Object.assign(this, { host, rowHeight, make, show, onEnd });
    this.items = [];
    this.pool = [];
    this.space = document.createElement('div');
    this.space.className = 'space';
    this.space.setAttribute('role', 'presentation');
    host.append(this.space);
    this.render = perFrame(() => this.#render());
    host.addEventListener('scroll', this.render, { passive: true });
    this.observer = new ResizeObserver(this.render);
    this.observer.observe(host);
  }

  /** Shows these items. Below the top, what is being read stays where it is, whatever was put above it or taken away. */
  set(items) {
    const top = this.host.scrollTop > 0 ? Math.floor(this.host.scrollTop / this.rowHeight) : -1;
    const read = this.items[top];
    this.items = items;
    this.space.style.height = `${items.length * this.rowHeight}px`;
    const at = read === undefined || items[top] === read ? top : items.indexOf(read);
    if (at >= 0 && at !== top) {
      this.host.scrollTop += (at - top) * this.rowHeight;
      // At once: a frame later the rows would have jumped, and back.
      this.#render();
    } else {
      this.render();
    }
  }

  scrollTo(index) {
    const top = index * this.rowHeight;
    const bottom = top + this.rowHeight;
    if (top < this.host.scrollTop) this.host.scrollTop = top;
    else if (bottom > this.host.scrollTop + this.host.clientHeight)
      this.host.scrollTop = bottom - this.host.clientHeight;
    this.#render();
  }

  close() {
    this.observer.disconnect();
  }

  #render() {
    const height = this.host.clientHeight || 600;
    const first = Math.max(0, Math.floor(this.host.scrollTop / this.rowHeight) - SPARE);
    const last = Math.min(this.items.length, Math.ceil((this.host.scrollTop + height) / this.rowHeight) + SPARE);
    const needed = Math.max(0, last - first);
    while (this.pool.length < needed) {
      const row = this.make();
      this.pool.push(row);
      this.space.append(row);
    }
    while (this.pool.length > needed + 2 * SPARE) this.pool.pop().remove();
    this.pool.forEach((row, i) => {
      row.hidden = i >= needed;
      if (row.hidden) return;
      row.style.transform = `translateY(${(first + i) * this.rowHeight}px)`;
      this.show(row, this.items[first + i], first + i);
    });
    if (last >= this.items.length - 3 * (needed || 1)) this.onEnd();
  }
}
