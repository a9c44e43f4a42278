// Looks again every second while somebody looks at the page, and tells the shell whether the server is there.

import { Feed } from './feed.js';

export class Poll {
  /** @param read Asks and shows, and never fails; it is not called while its last call is under way. */
  constructor(shell, read) {
    this.read = read;
    // Of the feed only its state is of interest: the stage is one that hardly ever comes.
    this.feed = new Feed(
      { stage: 'orchestration:retried' },
      {
        state: state => shell.state(state),
        reset: () => {},
        events: () => {},
      },
    );
    this.timer = setInterval(() => {
      if (!document.hidden) this.#look();
    }, 1000);
    this.#look();
  }

  close() {
    clearInterval(this.timer);
    this.feed.close();
  }

  async #look() {
    if (this.reading) return;
    this.reading = true;
    await this.read();
    this.reading = false;
  }
}
