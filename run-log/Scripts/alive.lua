-- Somebody is there to drive runs. When nobody was for too long before, that is noted.
-- By the clock of Redis: clocks of machines can be apart, and that of one that comes would be the time that nobody was there.
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local last = tonumber(redis.call('GET', KEYS[1] .. ':alive') or now)
if last <= now then
  redis.call('SET', KEYS[1] .. ':alive', string.format('%.0f', now))
end
if now - last > tonumber(ARGV[2]) then
  redis.call('SET', KEYS[1] .. ':outage', string.format('%.0f %.0f', last, now))
end
return redis.call('GET', KEYS[1] .. ':outage')
