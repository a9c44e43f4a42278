-- Removes runs that ended before a moment, a bounded number of them: {removed, looked at}. A run that was retried is
-- not among those that have ended, so that it is never met here.

local before, most, mostRecords = ARGV[1], ARGV[2], tonumber(ARGV[3])

-- Entries are numbered within their run: no record has to be read to remove them.
local function forget(feed, id, records)
  local entries = {}
  for i = 0, records - 1 do
    entries[#entries + 1] = id .. ':' .. text(i)
    if #entries == 1000 or i == records - 1 then
      redis.call('ZREM', p .. ':feed', unpack(entries))
      if feed then
        redis.call('ZREM', feed, unpack(entries))
      end
      entries = {}
    end
  end
end

local function remove(id)
  local run = p .. ':run:' .. id
  local log = p .. ':log:' .. id
  -- What is missing of a damaged run, or is of another kind, must not keep the others from being removed.
  local kept = redis.pcall('HMGET', run, 's', 'm', 'r', 'p')
  local records = tonumber(redis.pcall('ZCARD', log)) or 0
  redis.call('ZREM', p .. ':ended', id)
  forget(kept[2] and p .. ':feed:' .. kept[2], id, records)
  for _, status in ipairs({ '2', '3', '4' }) do
    redis.call('ZREM', place(status), id)
  end
  if kept[2] and kept[3] then
    local rounds = p .. ':rounds:' .. kept[2]
    local value = redis.call('HGET', rounds, kept[3])
    local isHolder = value and (string.match(value, ':(.*)$') or value) == id
    redis.call('HDEL', rounds, isHolder and kept[3] or kept[3] .. '\n' .. id)
  end
  if kept[4] and redis.call('HINCRBY', p .. ':plans', kept[4], -1) <= 0 then
    redis.call('HDEL', p .. ':plans', kept[4])
    redis.call('UNLINK', p .. ':plan:' .. kept[4])
  end
  redis.call('UNLINK', run, log)
  return records
end

local ids = redis.call('ZRANGEBYSCORE', p .. ':ended', '-inf', '(' .. before, 'LIMIT', 0, most)
local removed, records = 0, 0
for _, id in ipairs(ids) do
  if records >= mostRecords then
    break
  end
  -- One that owes webhooks something is kept until that is settled: it is looked at again in a minute.
  if redis.pcall('HGET', p .. ':run:' .. id, 'w') == '1' then
    redis.call('ZADD', p .. ':ended', tonumber(before) + 60000, id)
  else
    records = records + remove(id)
    removed = removed + 1
  end
end
return { removed, #ids }
