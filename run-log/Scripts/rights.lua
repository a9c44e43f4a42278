-- Does with a key of its own, once, whatever the other scripts do, and leaves nothing behind: what the user of this
-- connection may not do is refused here, and not in the middle of a change.

local key, channel = KEYS[1] .. ':rights', ARGV[1]

local function try()
  redis.call('DEL', key)
  redis.call('HSET', key, 'a', '1')
  redis.call('HGET', key, 'a')
  redis.call('HMGET', key, 'a')
  redis.call('HVALS', key)
  redis.call('HKEYS', key)
  redis.call('HINCRBY', key, 'a', 1)
  redis.call('HDEL', key, 'a')
  redis.call('ZADD', key, 1, 'a')
  redis.call('ZCARD', key)
  redis.call('ZCOUNT', key, 1, 1)
  redis.call('ZRANGE', key, 0, 0)
  redis.call('ZRANGEBYSCORE', key, 1, 1)
  redis.call('ZREVRANGE', key, 0, 0)
  redis.call('ZREVRANGEBYSCORE', key, 1, 1)
  redis.call('ZREM', key, 'a')
  redis.call('SET', key, '1')
  redis.call('GET', key)
  redis.call('INCRBY', key, 1)
  redis.call('TYPE', key)
  redis.call('EXISTS', key)
  redis.call('UNLINK', key)
  redis.call('XADD', key, 'MAXLEN', '~', 1, '*', 'a', '1')
  redis.call('PUBSUB', 'NUMPAT')
end

local allowed, refusal = pcall(try)
redis.pcall('DEL', key)
if not allowed then
  return type(refusal) == 'table' and refusal or redis.error_reply(refusal)
end

-- Whoever listens must not hear of it. Before Redis 7 it cannot be asked.
for _, name in ipairs({ KEYS[1] .. ':events:0:news', channel }) do
  if name ~= '' and redis.acl_check_cmd and not redis.acl_check_cmd('PUBLISH', name, '') then
    return redis.error_reply('NOPERM it may not publish to the channel ' .. name)
  end
end
return 'OK'
