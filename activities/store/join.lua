-- join(epoch, writer, fence, turn) -> {outcome, epoch, next}
-- A writer whose epoch is lost goes on in the one that the workflow has begun since, if the workflow says that
-- its step still runs: in a new epoch, no fence is left to tell who must not write.
local epoch, writer, fence, turn = number(), arg(), number(), arg()
if counter('epoch') <= epoch then return { 'lost' } end
if field('joins') ~= writer or counter('fence') > fence then return { 'fenced' } end
if field('writer') ~= writer then
  redis.call('HDEL', HEAD, 'response', 'cursor', 'tail', 'done', 'ended')
  redis.call('HSET', HEAD, 'writer', writer, 'next', 0, 'first', counter('n') + 1, 'turn', turn)
end
redis.call('HSET', HEAD, 'fence', fence)
return { 'ok', field('epoch'), field('next') }
