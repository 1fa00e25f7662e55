-- append(channel, epoch, fence, from, response, cursor, done, stoppable, count, (kind, event)*)
--   -> {outcome, next}
-- ok       written, what was known already is skipped
-- lost     the store is older than the writer: no epoch, another one, or a smaller fence
-- fenced   another attempt writes now; this one must stop
-- stopped  a stop was asked for; nothing was written
-- gap      entries before `from` are missing: rewind to next
local channel, epoch, fence, from = arg(), arg(), number(), number()
local response, cursor, done, stoppable = arg(), arg(), arg(), arg()
if field('epoch') ~= epoch then return { 'lost', 0 } end
local known = counter('fence')
if known > fence then return { 'fenced', 0 } end
if known < fence then return { 'lost', 0 } end
local next = counter('next')
if stoppable == '1' and field('stop') == field('turn') then return { 'stopped', next } end
if from > next then return { 'gap', next } end
local count = number()
for i = 0, count - 1 do
  local kind, event = arg(), arg()
  if from + i >= next then add(epoch, kind, event) end
end
if from + count >= next then
  redis.call('HSET', HEAD, 'next', from + count, 'response', response, 'cursor', cursor, 'done', done)
end
wake(channel)
return { 'ok', from + count }
