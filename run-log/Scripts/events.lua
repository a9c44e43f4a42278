-- Turns after a number, of all runs, of one match or of one run:
-- {1 at the end, {last number, run, record, ...}, {run, head, tip, version, match, round, ...}}.
-- Stops at a number of turns, of events or of bytes, whatever comes first, and never before the first turn.

local p = KEYS[1]
local of, name, after = ARGV[1], ARGV[2], ARGV[3]
local mostTurns, mostEvents, mostBytes = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local turns, runs, known = {}, {}, {}
local taken, events, bytes = 0, 0, 0

local function isFull()
  return taken >= mostTurns or events >= mostEvents or bytes >= mostBytes
end

local function take(last, id, record)
  turns[#turns + 1] = tonumber(last)
  turns[#turns + 1] = id
  turns[#turns + 1] = record
  taken = taken + 1
  if record then
    -- A record says at its sixth byte how many events it has.
    events = events + (#record >= 9 and struct.unpack('<I4', record, 6) or 0)
    bytes = bytes + #record
  end
  if not known[id] then
    known[id] = true
    -- A key that is no hash is damage of this run, and no reason to refuse the others.
    local kept = redis.pcall('HMGET', p .. ':run:' .. id, 'head', 'tip', 'v', 'm', 'r')
    runs[#runs + 1] = id
    for i = 1, 5 do
      runs[#runs + 1] = kept[i] or false
    end
  end
end

-- Records can be large, so a few at a time.
local function ofRun()
  local key, size = p .. ':log:' .. name, 8
  while true do
    local some = redis.pcall('ZRANGEBYSCORE', key, '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, size)
    for i = 1, #some, 2 do
      if isFull() then
        return 0
      end
      take(some[i + 1], name, some[i])
      after = some[i + 1]
    end
    if #some < 2 * size then
      return 1
    end
  end
end

local function ofIndex(key)
  local some = redis.call('ZRANGEBYSCORE', key, '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, mostTurns + 1)
  for i = 1, #some, 2 do
    if isFull() then
      return 0
    end
    local id = string.match(some[i], '^(.*):') or some[i]
    take(some[i + 1], id, redis.pcall('ZRANGEBYSCORE', p .. ':log:' .. id, some[i + 1], some[i + 1])[1] or false)
  end
  return 1
end

local atEnd
if of == 'run' then
  atEnd = ofRun()
elseif of == 'match' then
  atEnd = ofIndex(p .. ':feed:' .. name)
else
  atEnd = ofIndex(p .. ':feed')
end
return { atEnd, turns, runs }
