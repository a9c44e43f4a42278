-- Shared by the scripts that write. Numbers of events and runs are written out in full: Lua's own text of a large
-- number is '1e+15'.

local p = KEYS[1]

local function text(number)
  return string.format('%.0f', number)
end

-- About how many turns the stream has, and up to which size it carries their records. Of a larger one it only says that
-- it is in the log.
local most_streamed, largest_streamed = 4096, 8192

-- Gives the events of one turn their numbers, keeps their record, and appends it to the stream that feeds are made of.
-- The first write of every script, because Redis refuses a script only before it has written: out of memory, or with a
-- disk that fails.
local function keep(id, match, round, count, record)
  local last = redis.call('INCRBY', p .. ':seq', count)
  local log = p .. ':log:' .. id
  local entry = id .. ':' .. text(redis.call('ZCARD', log))
  redis.call('ZADD', log, last, record)
  redis.call('ZADD', p .. ':feed', last, entry)
  redis.call('ZADD', p .. ':feed:' .. match, last, entry)
  appendTo(p .. ':events:0', most_streamed, 'last', text(last), 'run', id, 'match', match, 'round', round, 'record',
    #record <= largest_streamed and record or '')
  return last
end

-- Whether anybody listens to a channel. Whoever may not ask is told that somebody does.
local function listened(channel)
  if channel == '' then
    return 0
  end
  local named, patterns = redis.pcall('PUBSUB', 'NUMSUB', channel), redis.pcall('PUBSUB', 'NUMPAT')
  return (type(named) ~= 'table' or type(patterns) ~= 'number' or named[2] > 0 or patterns > 0) and 1 or 0
end

-- Where runs are found by their status: those that have not ended together, as 'active'.
local function place(status)
  local names = { ['2'] = ':completed', ['3'] = ':failed', ['4'] = ':cancelled' }
  return p .. (names[status] or ':active')
end

-- {'full', held, own, ended lately, last end, tenant} where there is no place for one more run of a tenant; nil where
-- there is. Who names no tenant, '', may take every place.
local function fullFor(tenant, most, now)
  local held = redis.call('ZCARD', p .. ':active')
  local own = tonumber(redis.call('HGET', p .. ':tenants', tenant) or '0')
  local free = most - held
  if free > 0 and (tenant == '' or own < 8 * free) then
    return nil
  end
  local lately = redis.call('ZCOUNT', p .. ':ended', now - 10000, '+inf')
  local last = redis.call('ZREVRANGE', p .. ':ended', 0, 0, 'WITHSCORES')[2]
  return { 'full', held, own, lately, last or '', tenant }
end

local function enter(id, number, tenant, status, ended)
  redis.call('ZADD', place(status), number, id)
  if tonumber(status) < 2 then
    redis.call('HINCRBY', p .. ':tenants', tenant, 1)
  else
    redis.call('ZADD', p .. ':ended', ended, id)
  end
end

local function leave(id, tenant, status)
  redis.call('ZREM', place(status), id)
  redis.call('ZREM', p .. ':ended', id)
  if tonumber(status) < 2 and redis.call('HINCRBY', p .. ':tenants', tenant, -1) <= 0 then
    redis.call('HDEL', p .. ':tenants', tenant)
  end
end
