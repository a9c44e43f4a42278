// Pages of runs of several statuses. The server lists one status at a time, newest first; here the lists become one.

import { get, query } from './api.js';
import { millis } from './format.js';

/**
 * @param filters What the server filters by, but for the status.
 * @param statuses None for all.
 * @param from `next` of the page before; undefined for the first.
 * @returns { runs, next }, next being null on the last page.
 */
export async function pageOf(filters, statuses, limit, from, signal) {
  const read = (status, cursor) => get(`api/v1/runs${query({ ...filters, status, limit, cursor })}`, signal);
  if (statuses.length < 2) return read(statuses[0], from);
  const lists = from ?? statuses.map(status => ({ status, runs: [], cursor: undefined }));
  const filled = await Promise.all(
    lists.map(async list => {
      if (list.runs.length || list.cursor === null) return list;
      const { runs, next } = await read(list.status, list.cursor);
      return { ...list, runs, cursor: next ?? null };
    }),
  );
  const runs = merge(filled);
  return { runs, next: filled.some(list => list.runs.length || list.cursor !== null) ? filled : null };
}

/** Takes the newest from the lists, again and again, until one has no more here: what comes next may be in it. */
function merge(lists) {
  const at = lists.map(() => 0);
  const merged = [];
  const ids = new Set();
  while (true) {
    let newest = -1;
    for (const [i, list] of lists.entries()) {
      const run = list.runs[at[i]];
      if (!run) {
        if (list.cursor === null) continue;
        newest = -1;
        break;
      }
      const first = lists[newest]?.runs[at[newest]];
      if (!first || millis(run.accepted_at) > millis(first.accepted_at)) newest = i;
    }
    if (newest < 0) break;
    const run = lists[newest].runs[at[newest]++];
    // One that waits is in the list of those that run, too.
    if (!ids.has(run.run_id)) merged.push(run);
    ids.add(run.run_id);
  }
  for (const [i, list] of lists.entries()) list.runs = list.runs.slice(at[i]);
  return merged;
}
