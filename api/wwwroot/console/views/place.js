// Where somebody was in the list when a run was opened from it. It stays with that entry of the browser's history, so
// that the way back leads there, after a reload too.

/** The place that belongs to the address as it is now, or null. */
export const placeHere = () => (history.state?.run ? history.state : null);

/** Keeps the place of a row whose link is being followed. */
export function keepPlace({ target }, list) {
  const element = target.closest('.row');
  const row = list.items[element?.index];
  if (!row || target !== element.link) return;
  const above = element.getBoundingClientRect().top - list.host.getBoundingClientRect().top;
  history.replaceState({ run: row.id, accepted: row.accepted, above }, '');
}

/** Its row; when the run is not among these any more, the next older one. -1: there is none. */
export function rowAt({ run, accepted }, items) {
  const same = items.findIndex(row => row.id === run);
  return same >= 0 ? same : items.findIndex(row => row.accepted <= accepted);
}
