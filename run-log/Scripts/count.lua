-- How many runs are driven, and how many are queued: neither is one whose time to start has not come.
local queued, scheduled, active = 0, 0, redis.call('ZRANGE', KEYS[1] .. ':active', 0, -1)
for _, id in ipairs(active) do
  local status = redis.pcall('HGET', KEYS[1] .. ':run:' .. id, 's')
  if status == '0' then
    queued = queued + 1
  elseif status == '-1' then
    scheduled = scheduled + 1
  end
end
return { #active - queued - scheduled, queued }
