-- Keeps turns of runs, each by itself: {1 if somebody listens to the channel, answer, ...}, with an answer for each turn:
-- {'kept', last}, {'conflict'}, {'gone'}, {'full', ...} (see fullFor) when it makes an ended run active again, {'status',
-- stored} when the summary says something else of the run's end than its events do, or {'error', why}.

local channel, most, now = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local function append(id, expected, version, count, status, moved, ended, tip, record, owes)
  local run = p .. ':run:' .. id
  local kept = redis.call('HMGET', run, 'v', 's', 'n', 't', 'm', 'r', 'w')
  if not kept[1] then
    return { 'gone' }
  end
  if kept[1] ~= expected then
    return { 'conflict' }
  end
  local was = kept[2]
  if moved ~= '1' and (tonumber(was) >= 2 or tonumber(status) >= 2) and was ~= status then
    return { 'status', was }
  end
  if moved == '1' and tonumber(was) >= 2 and tonumber(status) < 2 then
    local full = fullFor(kept[4], most, now)
    if full then
      return full
    end
  end

  local last = keep(id, kept[5], kept[6], tonumber(count), record)
  redis.call('HSET', run, 'v', version, 's', status, 'tip', tip)
  if moved == '1' then
    leave(id, kept[4], was)
    enter(id, kept[3], kept[4], status, ended)
  end
  if owes ~= (kept[7] or '0') then
    redis.call('HSET', run, 'w', owes)
    if owes == '1' then
      redis.call('ZADD', p .. ':owing', kept[3], id)
    else
      redis.call('ZREM', p .. ':owing', id)
    end
  end
  return { 'kept', last }
end

local answers = { 0 }
for i = 4, #ARGV, 10 do
  -- What is wrong with one run is no reason to refuse the others.
  local done, answer = pcall(append, unpack(ARGV, i, i + 9))
  if not done then
    answer = { 'error', type(answer) == 'table' and answer.err or tostring(answer) }
  end
  answers[#answers + 1] = answer
end
answers[1] = listened(channel)
return answers
