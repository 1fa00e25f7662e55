-- publish(publication, channel) -> {outcome, news, inaudible}
-- news: the places of the entries that were not in the log before.
local p = read_publication()
local outcome = publish(p)
if outcome == 'ok' then wake(arg()) end
return { outcome, p.news, p.inaudible }
