/** How things are written for people. */

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const dated = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const whole = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
  timeZoneName: 'short',
});

export const millis = time => (time ? Date.parse(time) : null);

/** The time of day; with the date when it is not today. */
export function time(ms) {
  if (!ms) return '';
  const date = new Date(ms);
  return date.toDateString() === new Date().toDateString() ? clock.format(date) : dated.format(date);
}

/** With date and zone, for what somebody notes down or compares with another machine's log. */
export const fullTime = ms => (ms ? whole.format(ms) : '');

/** The zone in which all times are written, as it is now. */
export const zone = () => whole.formatToParts(Date.now()).find(p => p.type === 'timeZoneName').value;

export function duration(ms) {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return '';
  if (ms < 0) ms = 0;
  if (ms < 1) return '<1 ms';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor(ms / 1000) % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function bytes(n) {
  if (n === null || n === undefined) return '';
  if (n < 1024) return `${n} B`;
  if (n < 1024 ** 2) return `${(n / 1024).toFixed(1)} KB`;
  return n < 1024 ** 3 ? `${(n / 1024 ** 2).toFixed(1)} MB` : `${(n / 1024 ** 3).toFixed(1)} GB`;
}

export const count = n => n.toLocaleString('en-US');

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

const MARKS = {
  scheduled: '◷',
  queued: '◔',
  pending: '○',
  running: '●',
  completed: '✓',
  succeeded: '✓',
  failed: '✕',
  timed_out: '⏱',
  cancelled: '⊘',
  skipped: '⤼',
  lost: '⊘',
  retrying: '↻',
  waiting: '◔',
  awaiting: '✎',
};

/** States are told apart by a sign and a word, not by colour alone. */
export const mark = status => MARKS[status] ?? '·';

export const word = status => String(status).replaceAll('_', ' ');
