-- publish(publication, channel) -> outcome
local outcome = publish(read_publication())
if outcome == 'ok' then wake(arg()) end
return outcome
