-- Somebody is there to drive runs. When nobody was for too long before, that is noted.
local now = tonumber(ARGV[1])
local last = tonumber(redis.call('GET', KEYS[1] .. ':alive') or ARGV[1])
if last <= now then
  redis.call('SET', KEYS[1] .. ':alive', ARGV[1])
end
if now - last > tonumber(ARGV[2]) then
  redis.call('SET', KEYS[1] .. ':outage', string.format('%.0f %.0f', last, now))
end
return redis.call('GET', KEYS[1] .. ':outage')
