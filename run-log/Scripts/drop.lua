-- Drops a damaged run: entries that name it, as key and member or field of each; and in the end what it has itself.

local id, isLast = ARGV[1], ARGV[2] == '1'

for i = 3, #ARGV, 2 do
  local key, entry = ARGV[i], ARGV[i + 1]
  if redis.call('TYPE', key).ok == 'zset' then
    redis.call('ZREM', key, entry)
  else
    -- The key of a run; another one may have it by now.
    local value = redis.call('HGET', key, entry)
    if value and (string.match(value, ':(.*)$') or value) == id then
      redis.call('HDEL', key, entry)
    end
  end
end
if isLast then
  local plan = redis.pcall('HGET', p .. ':run:' .. id, 'p')
  redis.call('UNLINK', p .. ':run:' .. id, p .. ':log:' .. id)
  if type(plan) == 'string' and redis.call('HINCRBY', p .. ':plans', plan, -1) <= 0 then
    redis.call('HDEL', p .. ':plans', plan)
    redis.call('UNLINK', p .. ':plan:' .. plan)
  end
  -- Whose it was is not to be trusted: the active ones are counted anew.
  redis.call('DEL', p .. ':tenants')
  for _, other in ipairs(redis.call('ZRANGE', p .. ':active', 0, -1)) do
    local tenant = redis.pcall('HGET', p .. ':run:' .. other, 't')
    if type(tenant) == 'string' then
      redis.call('HINCRBY', p .. ':tenants', tenant, 1)
    end
  end
end
return 1
