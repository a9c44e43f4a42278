// Links to what is saved as a file.

import { getBlob, key, url } from './api.js';
import { h } from './dom.js';

/** A link that saves what is at a path. A link cannot carry the key: where there is one, it is read and saved from here. */
export const saveLink = (path, name, text) =>
  h('a', { href: url(path), download: name, onclick: event => save(event, path, name) }, text);

async function save(event, path, name) {
  if (!key.get()) return;
  event.preventDefault();
  try {
    const address = URL.createObjectURL(await getBlob(path));
    h('a', { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  } catch (error) {
    event.target.after(` ${error.message}`);
  }
}
