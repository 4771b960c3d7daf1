-- The values of keys, if they are not too long together. KEYS: the values; ARGV: how many bytes
-- they may have, then the keys.
local bytes = 0
for at = 2, #ARGV do
  bytes = bytes + redis.call('HSTRLEN', KEYS[1], ARGV[at])
end
if bytes > tonumber(ARGV[1]) then
  return redis.error_reply('MANY bytes')
end
local values = {}
for at = 2, #ARGV do
  values[at - 1] = redis.call('HGET', KEYS[1], ARGV[at])
end
return values
