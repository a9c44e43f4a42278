// The REST API. Everything the console knows comes from here and from the feed (feed.js).

import { Json } from './json.js';

const KEY = 'agentgrid.key';

// A server that has not begun to answer by then is lost: a network can fall silent and say nothing of it.
const PATIENCE = 30_000;

/** The key is kept for this tab alone, and goes nowhere but into the request's header. */
export const key = {
  get: () => sessionStorage.getItem(KEY),
  set: value => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

export const url = path => new URL(path, document.baseURI).href;

/** A refusal of the server, as its problem document tells it; status 0 when it could not be reached. */
export class Problem extends Error {
  constructor(status, body, retryAfter = null) {
    super(body.detail ?? body.title ?? `The server answered with ${status}.`);
    this.status = status;
    this.body = body;
    /** In how many seconds to ask again, where the server says so. */
    this.retryAfter = retryAfter;
  }
}

let needKey = () => {};
let reachable = () => {};
const connections = new Set();

/** Tells who holds a connection when the network has fallen silent, until the returned function is called. */
export function whenSilent(tell) {
  connections.add(tell);
  return () => connections.delete(tell);
}

/** Tells who is interested that a key is asked for, and whether the server answers at all. */
export function watch(handlers) {
  needKey = handlers.needKey;
  reachable = handlers.reachable;
}

let skew = 0;

/** What the clock of the server says, as far as it is more than a little off ours: its times are what is shown. */
export const now = () => Date.now() + skew;

function readClock(response) {
  const difference = Date.parse(response.headers.get('date') ?? '') - Date.now();
  skew = Math.abs(difference) > 3000 ? difference : 0;
}

async function send(method, path, body, signal, type = 'application/json') {
  const headers = { Accept: 'application/json' };
  if (key.get()) headers.Authorization = `Bearer ${key.get()}`;
  if (body !== undefined) headers['Content-Type'] = type;
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), PATIENCE);
  const either = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
  let response;
  let text;
  try {
    response = await fetch(url(path), { method, headers, signal: either, body, cache: 'no-store', credentials: 'omit' });
    clearTimeout(timer);
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    reachable(false);
    if (silence.signal.aborted) for (const tell of connections) tell();
    throw new Problem(0, { detail: 'The server cannot be reached.' });
  } finally {
    clearTimeout(timer);
  }
  reachable(true);
  readClock(response);
  if (response.status === 401) needKey();
  let json = null;
  try {
    json = text ? JSON.parse(text) : null;
  } catch {
    // Something between us and the server answers with a page of its own.
    throw new Problem(response.status, { detail: `Not an answer from Agent Grid (status ${response.status}).` });
  }
  // /health says 503 with a body of its own when the server is not ready.
  if (!response.ok && !(path === 'health' && json?.last_seq !== undefined))
    throw new Problem(response.status, json ?? {}, Number(response.headers.get('retry-after')) || null);
  return { status: response.status, json, text };
}

export const get = async (path, signal) => (await send('GET', path, undefined, signal)).json;

/** The answer as a Json: for answers with something in them that others wrote. */
export const getJson = async (path, signal) => new Json((await send('GET', path, undefined, signal)).text);

/** The bytes of something that is no JSON, however long they take. */
export async function getBlob(path) {
  const headers = key.get() ? { Authorization: `Bearer ${key.get()}` } : {};
  let response;
  try {
    response = await fetch(url(path), { headers, credentials: 'omit' });
  } catch {
    throw new Problem(0, { detail: 'The server cannot be reached.' });
  }
  if (response.status === 401) needKey();
  if (!response.ok) throw new Problem(response.status, await response.json().catch(() => ({})));
  return response.blob();
}

/** Posts text as it is, or an object as JSON; the answer has `json`, and `text` for what others wrote in it. */
export const post = (path, body = {}, type = undefined) =>
  send('POST', path, typeof body === 'string' ? body : JSON.stringify(body), undefined, type);

export function query(values) {
  const pairs = Object.entries(values).filter(([, v]) => v !== '' && v !== null && v !== undefined);
  return pairs.length ? `?${new URLSearchParams(pairs)}` : '';
}

/** For a shell: everything between single quotes is itself, but for single quotes. */
export const shell = text => `'${text.replaceAll("'", "'\\''")}'`;

export function curl(method, path, body) {
  const parts = [`curl -X ${method} ${shell(url(path))}`];
  if (key.get()) parts.push('-H "Authorization: Bearer $AGENTGRID_KEY"');
  if (body !== undefined) parts.push("-H 'Content-Type: application/json'", `-d ${shell(body)}`);
  return parts.join(' \\\n  ');
}
