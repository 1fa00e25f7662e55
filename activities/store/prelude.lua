-- What every script of the event log shares. A script is this prelude and its own file, run as one.
--
-- LOG     stream   the events; ids are <epoch>-<n>, n counts from 1 without a hole
-- HEAD    hash     epoch, n; of the workflow's outbox: base, end, revision;
--                  of the model step: writer, fence, next, response, cursor, done, first, turn; stop
-- NAMES   set      names of the outbox entries published above base
-- SESSION hash     the session object, a JSON value a field; fields of our own start with _
-- MESSAGES list    the transcript, a JSON object a message
-- WRITES  list     the requests that have taken effect, newest first
local LOG, HEAD, NAMES, SESSION, MESSAGES, WRITES = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local REMEMBERED_WRITES = 1000

local position = 0
local function arg()
  position = position + 1
  return ARGV[position]
end
local function number() return tonumber(arg()) end

local function field(name) return redis.call('HGET', HEAD, name) end
local function counter(name) return tonumber(field(name) or 0) end

local function add(epoch, kind, event)
  local n = redis.call('HINCRBY', HEAD, 'n', 1)
  redis.call('XADD', LOG, epoch .. '-' .. n, 't', kind, 'd', event)
end

local function wake(channel) redis.call('PUBLISH', channel, '') end

-- Reads one publication from the arguments.
local function read_publication()
  local p = { epoch = arg(), base = number(), revision = number(), closing = arg(), keep = number(),
              messages_from = number(), entries = {}, fields = {}, messages = {}, writes = {} }
  local entries, fields, messages, writes = number(), number(), number(), number()
  for i = 1, entries do p.entries[i] = { name = arg(), kind = arg(), event = arg() } end
  for i = 1, fields do p.fields[2 * i - 1] = arg(); p.fields[2 * i] = arg() end
  for i = 1, messages do p.messages[i] = arg() end
  for i = 1, writes do p.writes[i] = arg() end
  return p
end

-- 'ok' to publish, 'echo' when newer things are known to be there, 'lost' when the store is not what the
-- workflow takes it for. The first publication of a newer epoch begins its log.
local function admit(p)
  local epoch, asked = tonumber(field('epoch') or 0), tonumber(p.epoch)
  if epoch < asked and p.base == 0 then
    redis.call('DEL', LOG, HEAD, NAMES)
    redis.call('HSET', HEAD, 'epoch', p.epoch)
  elseif epoch ~= asked or p.base > counter('end') then
    return 'lost'
  end
  return p.base < counter('base') and 'echo' or 'ok'
end

local function add_entries(p)
  if p.base > counter('base') then
    redis.call('DEL', NAMES)
    redis.call('HSET', HEAD, 'base', p.base)
  end
  for _, entry in ipairs(p.entries) do
    if redis.call('SADD', NAMES, entry.name) == 1 then add(p.epoch, entry.kind, entry.event) end
  end
  redis.call('HSET', HEAD, 'end', math.max(counter('end'), p.base + #p.entries))
end

local function project(p)
  if p.revision < tonumber(field('revision') or -1) then return end
  redis.call('HSET', HEAD, 'revision', p.revision)
  if #p.fields > 0 then redis.call('HSET', SESSION, unpack(p.fields)) end
  redis.call('HSET', SESSION, '_cursor', p.epoch .. '-' .. counter('n'))
  if p.closing == '1' then redis.call('HSET', SESSION, '_closing', '1') end
end

local function add_messages(p)
  local length = redis.call('LLEN', MESSAGES)
  while length < p.messages_from and #p.messages > 0 do
    length = redis.call('RPUSH', MESSAGES, '')
  end
  for i, message in ipairs(p.messages) do
    local index = p.messages_from + i - 1
    if index < length then redis.call('LSET', MESSAGES, index, message)
    else redis.call('RPUSH', MESSAGES, message) end
  end
end

local function trim(p)
  if p.keep > 0 and redis.call('XLEN', LOG) > 2 * p.keep then
    redis.call('XTRIM', LOG, 'MINID', p.epoch .. '-' .. (counter('n') - p.keep + 1))
  end
end

local function publish(p)
  local admitted = admit(p)
  if admitted ~= 'ok' then return admitted end
  add_entries(p)
  project(p)
  add_messages(p)
  if #p.writes > 0 then
    redis.call('LPUSH', WRITES, unpack(p.writes))
    redis.call('LTRIM', WRITES, 0, REMEMBERED_WRITES - 1)
  end
  trim(p)
  return 'ok'
end
