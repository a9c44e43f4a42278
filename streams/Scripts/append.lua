-- Adds an entry to a stream, and wakes the receiver if it sleeps: one that is awake reads on by itself. For any script
-- that wants to write to the stream in the same step as to something else; all of the keys must be in one slot.
local function appendTo(stream, most, ...)
  redis.call('XADD', stream, 'MAXLEN', '~', most, '*', ...)
  if redis.call('DEL', stream .. ':sleeping') == 1 then
    -- Who may not publish is read a few seconds late.
    redis.pcall('PUBLISH', stream .. ':news', '')
  end
end
