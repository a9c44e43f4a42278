// What the table of agents and the page of one agent have in common.

import { post } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { millis, time } from '../lib/format.js';

/** What an agent is beside healthy, in a word; empty where there is nothing to say. */
export function conditionOf({ enabled, drained, health }) {
  if (!enabled) return 'disabled';
  if (drained) return 'drained';
  const { condition = 'healthy' } = health ?? {};
  return condition === 'healthy' ? '' : condition;
}

/** Drains an agent, or undrains one that is drained; returns it as it is then. */
export const steer = async (name, command) =>
  (await post(`api/v1/agents/${encodeURIComponent(name)}/${command}`)).json;

/** Attempts that have ended, while the agent works on: no run shows what holds their slots. */
export const abandonedOf = ({ abandoned_attempts: attempts }) =>
  attempts.map(a =>
    h(
      'span',
      { class: 'error-text block' },
      'not returned from ',
      h(
        'a',
        { href: `#/runs/${a.run_id}?step=${encodeURIComponent(a.step)}` },
        `${a.match_id} / ${a.round}, ${a.step}, attempt ${a.attempt}`,
      ),
      `: told to stop at ${time(millis(a.cancelled_at))} on ${a.node}, ` +
        (a.slot_held_until ? `holds its slot until ${time(millis(a.slot_held_until))}` : 'its slot is free again'),
    ),
  );

/** That an agent, or an agent on a node, fails: others are asked first. */
export const failingOf = ({ in_a_row: row, next_try_in_seconds: next }) =>
  `failing: ${row} in a row, next try ${next ? `in ${Math.ceil(next)} s` : 'now'}`;

/** The address of an agent's page. */
export const agentLink = name => h('a', { href: `#/agents/${encodeURIComponent(name)}` }, name);

/** Which share of its attempts succeeded. */
export function successOf({ counts: { succeeded, failed, timed_out: timedOut } }) {
  const ended = succeeded + failed + timedOut;
  return ended ? `${((succeeded / ended) * 100).toFixed(succeeded === ended ? 0 : 1)}%` : '–';
}
