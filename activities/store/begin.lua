-- begin(publication, channel, writer, fence, turn)
--   -> {outcome, news, next, response, cursor, tail, done, ended, first}, or {outcome, news, inaudible}
-- A writer begins or takes over: what the workflow waits to say goes first, then the writer's own position.
local p = read_publication()
local channel, writer, fence, turn = arg(), arg(), number(), arg()
local outcome = publish(p)
if outcome ~= 'ok' and outcome ~= 'echo' then return { outcome, p.news, p.inaudible } end
wake(channel)
if counter('fence') > fence then return { 'fenced', p.news } end
if field('writer') ~= writer then
  redis.call('HDEL', HEAD, 'response', 'cursor', 'tail', 'done', 'ended')
  redis.call('HSET', HEAD, 'writer', writer, 'next', 0, 'first', counter('n') + 1, 'turn', turn)
end
redis.call('HSET', HEAD, 'fence', fence)
return { 'ok', p.news, field('next'), field('response') or '', field('cursor') or '', field('tail') or '',
  field('done') or '', field('ended') or '', field('first') }
