-- Shared by the scripts that write. Numbers of events and runs are written out in full: Lua's own text of a large
-- number is '1e+15'.

local p = KEYS[1]

local function text(number)
  return string.format('%.0f', number)
end

-- Gives the events of one turn their numbers, keeps their record, and publishes them. The first write of every script,
-- because Redis refuses a script only before it has written: out of memory, or with a disk that fails. That nobody can
-- be told is no reason to end in the middle.
local function keep(id, match, count, record, channel, frames)
  local last = redis.call('INCRBY', p .. ':seq', count)
  local log = p .. ':log:' .. id
  local entry = id .. ':' .. text(redis.call('ZCARD', log))
  redis.call('ZADD', log, last, record)
  redis.call('ZADD', p .. ':feed', last, entry)
  redis.call('ZADD', p .. ':feed:' .. match, last, entry)
  if channel ~= '' then
    for i = 1, count do
      redis.pcall('PUBLISH', channel, '{"seq":' .. text(last - count + i) .. ARGV[frames + i])
    end
  end
  return last
end

-- Where runs are found by their status: those that have not ended together, as 'active'.
local function place(status)
  local names = { ['2'] = ':completed', ['3'] = ':failed', ['4'] = ':cancelled' }
  return p .. (names[status] or ':active')
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
