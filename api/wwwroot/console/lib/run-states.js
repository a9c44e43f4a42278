// What a running run is held up by, told from its attempts and steps: waiting for a slot, for a retry, or for a signal.

const UNKNOWN = '?';

const AFTER = {
  'orchestration:accepted': 'queued',
  'orchestration:due': 'queued',
  'orchestration:started': 'running',
  'orchestration:retried': 'running',
  completed: 'completed',
  error: 'failed',
  cancelled: 'cancelled',
};

/** The status of a run after an event; undefined where that says nothing of it. */
export const after = ({ stage, meta }) =>
  stage === 'orchestration:accepted' && meta?.starts_at ? 'scheduled' : AFTER[stage];

/** Later ones have higher ranks. */
export const RANK = { scheduled: -1, queued: 0, running: 1, completed: 2, failed: 2, cancelled: 2 };

export class RunStates {
  constructor() {
    this.runs = new Map();
  }

  /** Takes one event of the feed; true when the run's state may look different now. */
  take(event) {
    const what = event.stage.slice(event.stage.lastIndexOf(':') + 1);
    if (event.attempt === undefined) {
      if (event.step !== undefined) return this.#step(event, what);
      if (event.stage === 'completed' || event.stage === 'error' || event.stage === 'cancelled')
        this.runs.delete(event.run_id);
      return false;
    }
    const attempt = `${event.step}#${event.attempt}`;
    const state = this.#of(event.run_id);
    state.waiting.delete(UNKNOWN);
    state.retrying.delete(UNKNOWN);
    state.waiting.delete(attempt);
    if (what === 'queued') state.waiting.add(attempt);
    if (what === 'queued' || what === 'start') state.retrying.delete(event.step);
    if ((what === 'error' || what === 'timeout') && event.meta?.retry_at) state.retrying.add(event.step);
    return true;
  }

  // A step that waits, or has ended its wait.
  #step(event, what) {
    if (what === 'reminder') return false;
    if (what === 'waiting') this.#of(event.run_id).awaiting.add(event.step);
    else if (!this.runs.get(event.run_id)?.awaiting.delete(event.step)) return false;
    return true;
  }

  /** Takes what the list says: that something waits or is retried, but not what. */
  list(run) {
    this.runs.delete(run.run_id);
    if (run.waiting_attempts) this.#of(run.run_id).waiting.add(UNKNOWN);
    if (run.retrying_branches) this.#of(run.run_id).retrying.add(UNKNOWN);
    if (run.waiting_steps) this.#of(run.run_id).awaiting.add(UNKNOWN);
  }

  /** Takes what GET /runs/{id} says. */
  read(run) {
    this.runs.delete(run.run_id);
    if (run.status !== 'running') return;
    const state = this.#of(run.run_id);
    for (const step of run.steps) {
      if (step.status !== 'running') continue;
      if (step.wait) state.awaiting.add(step.id);
      for (const a of step.attempts) if (a.status === 'queued') state.waiting.add(`${step.id}#${a.attempt}`);
      if (step.attempts.at(-1)?.retry_at) state.retrying.add(step.id);
    }
  }

  /** 'retrying', 'waiting' (for a slot), 'awaiting' (a signal or a person), or the status itself. */
  of(id, status) {
    const state = status === 'running' ? this.runs.get(id) : null;
    if (!state) return status;
    return state.retrying.size ? 'retrying' : state.waiting.size ? 'waiting' : state.awaiting.size ? 'awaiting' : status;
  }

  #of(id) {
    let state = this.runs.get(id);
    if (!state) this.runs.set(id, (state = { waiting: new Set(), retrying: new Set(), awaiting: new Set() }));
    return state;
  }
}
