-- Runs in the order of their acceptance, newest or oldest first, flat: number, id, head, tip, version of each. Of one
-- match (and round), of all statuses, the active ones, those that have ended and owe webhooks something, or the one that has the
-- key; or of some statuses.

local p = KEYS[1]
local newest, bound, most, match, round = ARGV[1] == '1', ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local found = {}

local function add(number, id)
  found[#found + 1] = { tonumber(number), id }
end

local function isBeyond(number)
  if newest then
    return tonumber(number) < tonumber(bound)
  end
  return tonumber(number) > tonumber(bound)
end

local function isAsked(id)
  if ARGV[6] == 'owing' then
    return redis.pcall('HGET', p .. ':run:' .. id, 'w') == '1'
  end
  return ARGV[6] ~= 'active' or (tonumber(redis.pcall('HGET', p .. ':run:' .. id, 's') or '0') or 0) < 2
end

if match ~= '' then
  local rounds
  if round ~= '' then
    rounds = { redis.call('HGET', p .. ':rounds:' .. match, round) or nil }
    if ARGV[6] ~= 'holder' then
      -- Those that have had the key before.
      local before = redis.call('HKEYS', p .. ':rounds:' .. match)
      for _, field in ipairs(before) do
        if string.sub(field, 1, #round + 1) == round .. '\n' then
          rounds[#rounds + 1] = redis.call('HGET', p .. ':rounds:' .. match, field)
        end
      end
    end
  else
    rounds = redis.call('HVALS', p .. ':rounds:' .. match)
  end
  for _, value in ipairs(rounds) do
    local number, id = string.match(value, '^(%d+):(.*)$')
    number, id = number or '0', id or value
    if isBeyond(number) and isAsked(id) then
      add(number, id)
    end
  end
else
  for i = 6, #ARGV do
    local key = p .. ':' .. ARGV[i]
    local some
    if newest then
      some = redis.call('ZREVRANGEBYSCORE', key, '(' .. bound, '-inf', 'WITHSCORES', 'LIMIT', 0, most)
    else
      some = redis.call('ZRANGEBYSCORE', key, '(' .. bound, '+inf', 'WITHSCORES', 'LIMIT', 0, most)
    end
    for j = 1, #some, 2 do
      add(some[j + 1], some[j])
    end
  end
end

table.sort(found, function(a, b)
  if newest then
    return a[1] > b[1]
  end
  return a[1] < b[1]
end)
local answer = {}
for i = 1, math.min(most, #found) do
  -- A key that is no hash is damage of this run, and no reason to refuse the others.
  local kept = redis.pcall('HMGET', p .. ':run:' .. found[i][2], 'head', 'tip', 'v')
  answer[#answer + 1] = found[i][1]
  answer[#answer + 1] = found[i][2]
  for part = 1, 3 do
    answer[#answer + 1] = kept[part] or false
  end
end
return answer
