-- Keeps one turn of a run: {'kept', last, 1 if somebody listens to the channel}, {'conflict'}, {'gone'}, {'full', ...}
-- (see fullFor) when it makes an ended run active again, or {'status', stored} when the summary says something else of the
-- run's end than its events do.

local id, expected, version, count = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local status, moved, ended, tip, record, channel = ARGV[5], ARGV[6] == '1', ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local most, now = tonumber(ARGV[11]), tonumber(ARGV[12])

local run = p .. ':run:' .. id
local kept = redis.call('HMGET', run, 'v', 's', 'n', 't', 'm', 'r')
if not kept[1] then
  return { 'gone' }
end
if kept[1] ~= expected then
  return { 'conflict' }
end
local was = kept[2]
if not moved and (tonumber(was) >= 2 or tonumber(status) >= 2) and was ~= status then
  return { 'status', was }
end
if moved and tonumber(was) >= 2 and tonumber(status) < 2 then
  local full = fullFor(kept[4], most, now)
  if full then
    return full
  end
end

local last = keep(id, kept[5], kept[6], count, record)
redis.call('HSET', run, 'v', version, 's', status, 'tip', tip)
if moved then
  leave(id, kept[4], was)
  enter(id, kept[3], kept[4], status, ended)
end
return { 'kept', last, listened(channel) }
