// One thing done to many runs: counted first, done after a yes.

import { get, post, query } from '../lib/api.js';
import { ask, h, toast } from '../lib/dom.js';
import { count, plural, time, word } from '../lib/format.js';

const MOST = 10_000;
const AT_ONCE = 6;
const ALLOWED = { cancel: ['scheduled', 'queued', 'running'], retry: ['failed', 'cancelled'] };
const KINDS_OF_RUNNING = new Set(['waiting_for_slot', 'retrying', 'waiting']);

/**
 * @param asked The statuses that are shown; none for all.
 * @param wanted Whether a run of the list of a status that is shown is one of these: (run, status).
 */
export async function bulk(kind, filters, asked, wanted, since) {
  const ids = new Set();
  const may = status => ALLOWED[kind].includes(KINDS_OF_RUNNING.has(status) ? 'running' : status);
  const statuses = asked.length ? asked.filter(may) : ALLOWED[kind];
  try {
    for (const status of statuses)
      await collect(ids, { ...filters, status }, row => !asked.length || wanted(row, status), since);
  } catch (error) {
    toast(error.message, 'bad');
    return;
  }
  const which = Object.entries(filters)
    .filter(([, v]) => v)
    .map(([name, v]) => `${name} = ${v}`);
  if (asked.length) which.push(`status = ${asked.join(' or ')}`);
  if (since) which.push(`accepted since ${time(since)}`);
  const where = which.length ? `with ${which.join(', ')}` : 'of any kind';
  if (ids.size === 0) {
    toast(`There is no run ${where} to ${kind}: only ${ALLOWED[kind].join(' and ')} runs can be.`);
    return;
  }
  const all = which.length ? '' : 'all ';
  const title = `${kind === 'cancel' ? 'Cancel' : 'Retry'} ${all}${plural(ids.size, 'run')}?`;
  const what =
    kind === 'cancel' ? 'Running attempts are stopped.' : 'Completed steps are kept; the others start over.';
  const more = ids.size >= MOST ? ` These are the newest ${count(MOST)}; there are more.` : '';
  const kinds = statuses.map(word).join(' and ');
  const body = h('p', null, `All ${kinds} runs ${where}. ${what}${more}`);
  if (await ask(title, body, kind === 'cancel' ? 'Cancel them' : 'Retry them', kind === 'cancel')) await run(kind, [...ids]);
}

async function collect(ids, filters, wanted, since) {
  let cursor = '';
  do {
    const page = await get(`api/v1/runs${query({ ...filters, cursor, limit: 1000 })}`);
    for (const row of page.runs) {
      if (Date.parse(row.accepted_at) < since || ids.size >= MOST) return;
      if (wanted(row)) ids.add(row.run_id);
    }
    cursor = page.next;
  } while (cursor);
}

// Of many, the server takes as many as it has room for.
async function change(id, kind) {
  const body = kind === 'cancel' ? { reason: 'cancelled in the console, with others' } : {};
  while (true) {
    try {
      return await post(`api/v1/runs/${id}/${kind}`, body);
    } catch (error) {
      if (error.status !== 429) throw error;
      await new Promise(resume => setTimeout(resume, 1000 * (error.retryAfter ?? 1)));
    }
  }
}

async function run(kind, ids) {
  const all = ids.length;
  let done = 0;
  let refused = 0;
  let reason = '';
  const text = h('span', null, '');
  const bar = h('progress', { max: all, 'aria-label': 'Progress' });
  const note = h('div', { class: 'toast' }, text, bar);
  document.getElementById('toasts').append(note);
  const next = async () => {
    for (let id = ids.pop(); id; id = ids.pop()) {
      try {
        await change(id, kind);
      } catch (error) {
        refused++;
        reason = error.message;
      }
      bar.value = ++done;
      text.textContent = `${count(done)} of ${count(all)} `;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  note.remove();
  toast(
    `${kind === 'cancel' ? 'Cancelled' : 'Retried'} ${plural(all - refused, 'run')}.` +
      (refused ? ` ${plural(refused, 'refusal')}, such as: ${reason}` : ''),
    refused ? 'bad' : 'info',
  );
}
