-- What every script of the event log shares. A script is this prelude and its own file, run as one.
--
-- LOG     stream   the events; ids are <epoch>-<n>, n counts from 1 without a hole; each carries the print of
--                  the epoch up to itself: a store that went back gives n again, but not to the same past
-- HEAD    hash     epoch, n, print; of the workflow's outbox: base, told (entries of it), revision, run;
--                  of the model step: writer, fence, next, response, cursor, tail (what its author keeps
--                  beside the cursor), done, ended (it said its turn's end), first, turn, joins (who may go on
--                  from the epoch before); stop; settled (steps that have said their last word); said (entries
--                  that steps said for the workflow, not counted by told)
-- NAMES   sorted   outbox entries in the log by name; the score is which of them it was
-- SESSION hash     the session object, a JSON value a field; fields of our own start with _
-- MESSAGES list    the transcript, a JSON object a message
-- WRITES  list     the requests that have taken effect, newest first
-- SPOKEN  hash     s<index>: the event of a sentence that was told; a<index>: of its audio
-- AUDIO   hash     the audio, by its id; <id>:facts is what is known of it
local LOG, HEAD, NAMES, SESSION, MESSAGES, WRITES = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local SPOKEN, AUDIO = KEYS[7], KEYS[8]
local SPOKEN_AS = { ['sentence'] = 's', ['speech.ready'] = 'a', ['speech.skipped'] = 'a' }
local REMEMBERED_WRITES = 1000
-- More than the workflow ever leaves unconfirmed.
local REMEMBERED_NAMES = 1000

-- What the feed of all of a tenant's sessions tells.
local TOLD_TO_TENANTS = { ['session.started'] = true, ['session.updated'] = true,
  ['session.status_changed'] = true, ['session.ended'] = true }

local position = 0
local function arg()
  position = position + 1
  return ARGV[position]
end
local function number() return tonumber(arg()) end

local function field(name) return redis.call('HGET', HEAD, name) end
local function counter(name) return tonumber(field(name) or 0) end

-- What was added, for those who are woken: the cursor before it, then a line each.
local NEWS_BYTES = 16384
local news, news_bytes = {}, 0

local function add(epoch, kind, event)
  local past, n = field('print'), redis.call('HINCRBY', HEAD, 'n', 1)
  local print = string.sub(redis.sha1hex((past or '') .. event), 1, 8)
  redis.call('HSET', HEAD, 'print', print)
  redis.call('XADD', LOG, epoch .. '-' .. n, 't', kind, 'd', event, 'p', print)
  if SPOKEN_AS[kind] then
    local of = cjson.decode(event)
    redis.call('HSET', SPOKEN, SPOKEN_AS[kind] .. (of.index or of.sentence_index), event)
  end
  if #news == 0 then news[1] = past and (epoch .. '-' .. (n - 1) .. '.' .. past) or '' end
  news_bytes = news_bytes + #event
  if news_bytes <= NEWS_BYTES then news[#news + 1] = epoch .. '-' .. n .. '.' .. print .. ' ' .. kind .. ' ' .. event end
end

local function wake(channel)
  redis.call('PUBLISH', channel, news_bytes <= NEWS_BYTES and table.concat(news, '\n') or '')
end

-- Reads one publication from the arguments.
local function read_publication()
  local p = { feed = arg(), epoch = arg(), base = number(), settled = number(), said = number(),
              revision = number(), as_of = arg(), closing = arg(), running = arg(), run = arg(),
              continued = arg(), keep = number(), messages_from = number(),
              entries = {}, fields = {}, messages = {}, writes = {}, news = {} }
  local entries, fields, messages, writes = number(), number(), number(), number()
  for i = 1, entries do p.entries[i] = { name = arg(), kind = arg(), event = arg() } end
  for i = 1, fields do p.fields[2 * i - 1] = arg(); p.fields[2 * i] = arg() end
  for i = 1, messages do p.messages[i] = arg() end
  for i = 1, writes do p.writes[i] = arg() end
  return p
end

local function is_news(entry)
  return not redis.call('ZSCORE', NAMES, entry.name)
end

-- An older publication says nothing new, or it is a repeated workflow task's, and knows less than the lost one
-- did: that one had heard of more entries in the log. Too old to tell is taken for an echo.
local function echoes(p)
  if p.base <= counter('base') - REMEMBERED_NAMES then return true end
  for _, entry in ipairs(p.entries) do
    if is_news(entry) then return false end
  end
  return true
end

-- The first sentence that is to be announced without audio. It was kept before the workflow heard of it: a store that
-- was killed since may have lost nothing else.
local function inaudible_sentence(p, begins)
  for _, entry in ipairs(p.entries) do
    local of = entry.kind == 'speech.ready' and (begins or is_news(entry)) and cjson.decode(entry.event)
    if of and redis.call('HEXISTS', AUDIO, of.audio_id .. ':facts') == 0 then return of.sentence_index end
  end
end

-- The log holds what the workflow knows, nothing less and nothing else. Less: the store lost entries. Else: a
-- workflow task published, was lost, and decided otherwise when it was repeated.
local function agrees(p)
  if counter('settled') < p.settled or counter('said') < p.said then return false end
  local news = 0
  for _, entry in ipairs(p.entries) do
    if is_news(entry) then news = news + 1 end
  end
  return news == math.max(p.base + #p.entries - counter('told'), 0)
end

-- The first publication of an epoch tells everything there is.
local function begin_epoch(p)
  redis.call('DEL', LOG, HEAD, NAMES)
  redis.call('HSET', HEAD, 'epoch', p.epoch, 'joins', p.running)
  local length = p.messages_from + #p.messages
  if length == 0 then redis.call('DEL', MESSAGES) else redis.call('LTRIM', MESSAGES, 0, length - 1) end
end

-- 'ok' to publish, 'echo' when newer things are known to be there, 'lost' when the store is not what the
-- workflow takes it for, 'inaudible' when all that is missing is audio of sentence p.inaudible.
local function admit(p)
  local epoch, asked, speaker = tonumber(field('epoch') or 0), tonumber(p.epoch), field('run') or ''
  local begins = epoch < asked and p.base + p.settled + p.said == 0
  if not begins then
    if epoch ~= asked then
      return 'lost'
    elseif speaker ~= '' and p.run ~= '' and speaker ~= p.run and speaker ~= p.continued then
      -- An operator turned the workflow back: it knows less than it has told, and will tell otherwise.
      return 'lost'
    elseif p.base < counter('base') then
      return echoes(p) and 'echo' or 'lost'
    elseif not agrees(p) then
      return 'lost'
    end
  end
  p.inaudible = inaudible_sentence(p, begins)
  if p.inaudible then return 'inaudible' end
  if begins then begin_epoch(p) end
  return 'ok'
end

-- A step that was thought dead has ended its turn meanwhile: viewers need not hear of another attempt.
local function is_overtaken(p, entry)
  return entry.kind == 'turn.retrying' and counter('said') > p.said
end

-- Leaves in `news` the places of those that were not there yet.
local function add_entries(p, count)
  for i, entry in ipairs(p.entries) do
    if is_news(entry) then
      p.news[#p.news + 1] = i - 1
      redis.call('HINCRBY', HEAD, count, 1)
      redis.call('ZADD', NAMES, counter('told'), entry.name)
      if not is_overtaken(p, entry) then add(p.epoch, entry.kind, entry.event) end
      if TOLD_TO_TENANTS[entry.kind] then redis.call('PUBLISH', p.feed, entry.event) end
    end
  end
end

-- What a step said of its turn's end stands, where the workflow has not heard of it yet.
local ENDED_WITH_TURN = { status = true, turn = true, usage = true, idle_at = true, last_activity_at = true }

local function without_stale(p)
  if counter('said') == p.said then return p.fields end
  local fields = {}
  for i = 1, #p.fields, 2 do
    if not ENDED_WITH_TURN[p.fields[i]] then
      fields[#fields + 1] = p.fields[i]
      fields[#fields + 1] = p.fields[i + 1]
    end
  end
  return fields
end

-- Whether nothing newer was told before.
local function project(p, fields)
  if p.revision < tonumber(field('revision') or -1) then return false end
  redis.call('HSET', HEAD, 'revision', p.revision)
  if #fields > 0 then redis.call('HSET', SESSION, unpack(fields)) end
  redis.call('HSET', SESSION, '_cursor', p.epoch .. '-' .. counter('n'), '_as_of', p.as_of)
  if p.closing == '1' then redis.call('HSET', SESSION, '_closing', '1') end
  return true
end

-- What is there may have been cut to what was heard of it: only newer words replace it.
local function add_messages(p, is_newest)
  local length = redis.call('LLEN', MESSAGES)
  while length < p.messages_from and #p.messages > 0 do
    length = redis.call('RPUSH', MESSAGES, '')
  end
  for i, message in ipairs(p.messages) do
    local index = p.messages_from + i - 1
    if index >= length then redis.call('RPUSH', MESSAGES, message)
    elseif is_newest then redis.call('LSET', MESSAGES, index, message) end
  end
end

local function add_writes(p)
  for _, write in ipairs(p.writes) do
    if not redis.call('LPOS', WRITES, write) then redis.call('LPUSH', WRITES, write) end
  end
  redis.call('LTRIM', WRITES, 0, REMEMBERED_WRITES - 1)
end

-- Leaves the newest entries, and all of the last step: what viewers hold of its message is read there.
local function trim(p)
  if p.keep == 0 or redis.call('XLEN', LOG) <= 2 * p.keep then return end
  local oldest = math.min(counter('n') - p.keep + 1, tonumber(field('first') or math.huge))
  redis.call('XTRIM', LOG, 'MINID', p.epoch .. '-' .. oldest)
end

local function publish(p)
  local admitted = admit(p)
  if admitted ~= 'ok' then return admitted end
  add_entries(p, 'told')
  redis.call('HSET', HEAD, 'base', p.base, 'run', p.run)
  redis.call('ZREMRANGEBYSCORE', NAMES, '-inf', p.base - REMEMBERED_NAMES)
  add_messages(p, project(p, without_stale(p)))
  add_writes(p)
  trim(p)
  return 'ok'
end

-- A step says what the workflow will say of its turn's end; only if that is all there is to say.
local function end_turn(p)
  if field('epoch') ~= p.epoch or counter('told') ~= p.base or counter('said') ~= p.said
    or counter('revision') > p.revision then
    return false
  end
  add_entries(p, 'said')
  add_messages(p, project(p, p.fields))
  trim(p)
  return true
end
