// The shell: which view is shown, whether the server is there, the key, the theme.

import { get, key, watch } from './lib/api.js';
import { h, replace } from './lib/dom.js';
import { agentView } from './views/agent.js';
import { agentsView } from './views/agents.js';
import { approvalsView } from './views/approvals.js';
import { nodesView } from './views/nodes.js';
import { planView } from './views/plan.js';
import { plansView } from './views/plans.js';
import { runView } from './views/run.js';
import { runsView } from './views/runs.js';
import { schedulesView } from './views/schedules.js';
import { tryView } from './views/try.js';

const ROUTES = [
  [/^runs$/, 'Runs', runsView],
  [/^runs\/([0-9a-f]{32})$/, 'Run', runView],
  [/^approvals$/, 'Inbox', approvalsView],
  [/^plans$/, 'Plans', plansView],
  [/^plans\/([^/]+)$/, 'Plan', planView],
  [/^schedules$/, 'Schedules', schedulesView],
  [/^agents$/, 'Agents', agentsView],
  [/^agents\/([^/]+)$/, 'Agent', agentView],
  [/^nodes$/, 'Nodes', nodesView],
  [/^try$/, 'Try it', tryView],
  [/^(.+)$/, 'No such page', missingView],
];

// Another page in the place of one that is misspelt would be taken for it.
function missingView(root, { id }) {
  root.append(
    h('h1', null, 'No such page'),
    h('p', null, `There is nothing at '#/${id}'. Continue from `, h('a', { href: '#/runs' }, 'the list of runs'), '.'),
  );
  return { close() {} };
}

const main = document.getElementById('main');
const problems = document.getElementById('problems');
const banner = document.getElementById('banner');
const connection = document.getElementById('connection');
let current = null;
let shownPath = null;
let feedState = 'connecting';
let answers = true;

/** Two things tell whether the server is there: the feed, and whether requests are answered. */
function showConnection() {
  const state = answers ? feedState : 'disconnected';
  if (connection.dataset.state === state) return;
  connection.dataset.state = state;
  connection.textContent = { connected: 'live', connecting: 'connecting', disconnected: 'disconnected' }[state];
  banner.hidden = state !== 'disconnected';
  banner.textContent =
    state === 'disconnected'
      ? 'Disconnected from the server. What you see may be out of date; it catches up when the server is back.'
      : '';
}

/** What /health complains of is said on every page, each thing once. */
async function showProblems() {
  if (document.hidden) return;
  try {
    const { problems: said, config } = await get('health');
    const more = config.problems.filter(p => !said.some(text => text.includes(p.message)));
    const all = [...said, ...more.map(p => `${p.file}(${p.line},${p.column}): ${p.code}: ${p.message}`)];
    const text = all.join('\n');
    if (text === problems.dataset.text) return;
    problems.dataset.text = text;
    problems.hidden = all.length === 0;
    replace(
      problems,
      all.map(p => h('p', null, p)),
    );
  } catch (error) {
    if (error.status === undefined) throw error; // the page itself says when the server is away or refuses
  }
}

/** What a view may ask of the shell. */
const shell = {
  /** Where the feed stands: connected, connecting or disconnected. */
  state(state) {
    // 'connecting' after a loss is still a loss to the one who looks at it.
    if (state !== 'connecting' || feedState !== 'disconnected') feedState = state;
    showConnection();
  },
  title(text) {
    document.title = `${text} · Agent Grid`;
  },
  /** The part of the address behind '?', without a new entry in the history and without showing the view anew. */
  setQuery(query) {
    const [path] = location.hash.split('?');
    history.replaceState(null, '', `${path}${query}`);
  },
};

function show() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  for (const [pattern, title, view] of ROUTES) {
    const match = pattern.exec(path);
    if (!match) continue;
    current?.close();
    shell.title(title);
    const moved = shownPath !== null && shownPath !== path;
    shownPath = path;
    for (const link of document.querySelectorAll('nav a')) {
      const here = path.startsWith(link.getAttribute('href').slice(2));
      if (here) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    const root = h('div', { class: 'view' });
    replace(main, root);
    window.scrollTo(0, 0);
    current = view(root, { id: match[1] && plainly(match[1]), query: new URLSearchParams(query) }, shell);
    if (moved) main.focus({ preventScroll: true });
    return;
  }
  location.replace('#/runs');
}

/** A part of the address as it is meant; as it is written where it means nothing. */
function plainly(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

let asking = false;

function askForKey() {
  if (asking) return;
  asking = true;
  const wrong = key.get() !== null;
  const input = h('input', {
    type: 'password',
    autocomplete: 'off',
    required: true,
    id: 'api-key',
    spellcheck: 'false',
  });
  const box = h(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'key-title' },
    h(
      'form',
      { method: 'dialog' },
      h('h2', { id: 'key-title' }, 'An API key is needed'),
      h(
        'p',
        { class: wrong ? 'error-text' : 'dim' },
        wrong ? 'The server does not know this key.' : 'It is kept for this tab only, and sent to this server only.',
      ),
      h('label', { for: 'api-key' }, 'API key'),
      input,
      h('div', { class: 'actions' }, h('button', { class: 'primary', value: 'ok' }, 'Use this key')),
    ),
  );
  box.addEventListener('close', () => {
    asking = false;
    box.remove();
    if (box.returnValue === 'ok' && input.value) {
      key.set(input.value.trim());
      show();
    }
  });
  document.body.append(box);
  box.showModal();
}

watch({
  needKey: askForKey,
  reachable: yes => {
    answers = yes;
    showConnection();
  },
});

document.getElementById('theme').addEventListener('click', () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  try {
    localStorage.setItem('agentgrid.theme', root.dataset.theme);
  } catch {
    // The choice lasts as long as the page then.
  }
});

window.addEventListener('hashchange', show);
show();
setInterval(showProblems, 3000);
showProblems();
