-- Writes a value if the key has the version that is expected, '' for none. KEYS as in set.lua;
-- ARGV: key, expected version, value.
local before = redis.call('HGET', KEYS[1], ARGV[1])
local version = before and string.match(before, '^%d+') or ''
if version ~= ARGV[2] then
  return 0
end
local next = redis.call('INCR', KEYS[3])
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f:', next) .. ARGV[3])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
return 1
