-- Keeps a new run: {'kept', last, 1 if somebody listens to the channel}, {'taken', run}, {'full', ...} (see fullFor), or {'plan'} when the plan's definition is not there and was not sent along.

local id, match, round, tenant, most, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local plan, definition, head, tip, record, channel = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12]
local status, supersedes = ARGV[13], ARGV[14]

local rounds = p .. ':rounds:' .. match
local taken = redis.call('HGET', rounds, round)
local holder = taken and (string.match(taken, ':(.*)$') or taken)
if holder and holder ~= supersedes then
  return { 'taken', holder }
end
local full = fullFor(tenant, most, now)
if full then
  return full
end
if redis.call('EXISTS', p .. ':run:' .. id) == 1 then
  return redis.error_reply('AGENTGRID run ' .. id .. ' is there already, with another key')
end
local known = redis.call('EXISTS', p .. ':plan:' .. plan) == 1
if not known and definition == '' then
  return { 'plan' }
end

local last = keep(id, match, round, 1, record)
if not known then
  redis.call('SET', p .. ':plan:' .. plan, definition)
end
redis.call('HINCRBY', p .. ':plans', plan, 1)
redis.call('HSET', p .. ':run:' .. id, 'head', head, 'tip', tip, 'v', '1', 's', status, 'n', text(last), 't', tenant,
  'm', match, 'r', round, 'p', plan)
redis.call('HSET', rounds, round, text(last) .. ':' .. id)
if holder then
  -- Those that have had the key are still found by it. No round has a line break in it.
  redis.call('HSET', rounds, round .. '\n' .. holder, taken)
end
enter(id, text(last), tenant, status)
return { 'kept', last, listened(channel) }
