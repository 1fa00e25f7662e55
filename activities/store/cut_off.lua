-- cut_off(channel, feed, n, message, fields, (name, value)*, entries, (kind, event)*) -> outcome
-- A session whose workflow ended without a word is ended for it: nobody may write any more. `gap` when something
-- was written since the log ended at `n`.
local LAST_FENCE = 9007199254740991
local channel, feed, n, message = arg(), arg(), number(), arg()
if not field('epoch') then return 'lost' end
if counter('n') ~= n then return 'gap' end
for _ = 1, number() do redis.call('HSET', SESSION, arg(), arg()) end
for _ = 1, number() do
  local kind, event = arg(), arg()
  add(field('epoch'), kind, event)
  if TOLD_TO_TENANTS[kind] then redis.call('PUBLISH', feed, event) end
end
if message ~= '' then redis.call('RPUSH', MESSAGES, message) end
redis.call('HSET', HEAD, 'fence', LAST_FENCE, 'run', 'none')
redis.call('HSET', SESSION, '_cursor', field('epoch') .. '-' .. counter('n'), '_closing', '1')
wake(channel)
return 'ok'
