-- append(channel, epoch, fence, from, response, cursor, tail, done, stoppable, count, (kind, event)*, publication?)
--   -> {outcome, next, ended, news}
-- publication: with `done`, what is said of the turn's end
-- ok       written, what was known already is skipped
-- lost     the store is older than the writer: no epoch, another one, or a smaller fence
-- fenced   another attempt writes now, or the step has said its last word; this one must stop
-- stopped  a stop was asked for; nothing was written, what is before next was there already
-- gap      entries before `from` are missing: rewind to next
local channel, epoch, fence, from = arg(), arg(), number(), number()
local response, cursor, tail, done, stoppable = arg(), arg(), arg(), arg(), arg()
local count = number()
local current, known, next, stop, turn, result, ended =
  unpack(redis.call('HMGET', HEAD, 'epoch', 'fence', 'next', 'stop', 'turn', 'done', 'ended'))
known, next = tonumber(known or 0), tonumber(next or 0)
if current ~= epoch or known < fence then return { 'lost', 0, '', {} } end
if known > fence then return { 'fenced', 0, '', {} } end
local reached = from + count
-- What is known already may be an old batch that arrives late: what is remembered with it is older, too.
if count > 0 and reached <= next then return { 'ok', reached, ended or '', {} } end
if result and result ~= '' then return { reached == next and 'ok' or 'fenced', next, ended or '', {} } end
if stoppable == '1' and stop == turn then return { 'stopped', next, '', {} } end
if from > next then return { 'gap', next, '', {} } end
for i = 0, count - 1 do
  local kind, event = arg(), arg()
  if from + i >= next then add(epoch, kind, event) end
end
local news = {}
if reached >= next then
  redis.call('HSET', HEAD, 'next', reached, 'response', response, 'cursor', cursor, 'tail', tail,
    'done', done)
  if done ~= '' then
    redis.call('HINCRBY', HEAD, 'settled', 1)
    if position < #ARGV then
      local p = read_publication()
      if end_turn(p) then
        ended, news = '1', p.news
        redis.call('HSET', HEAD, 'ended', ended)
      end
    end
  end
end
if count > 0 then wake(channel) end
return { 'ok', reached, ended or '', news }
