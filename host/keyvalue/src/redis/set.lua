-- Writes pairs of key and value. KEYS: the values, the index, the version of the latest write.
for at = 1, #ARGV, 2 do
  local version = redis.call('INCR', KEYS[3])
  redis.call('HSET', KEYS[1], ARGV[at], string.format('%.0f:', version) .. ARGV[at + 1])
  redis.call('ZADD', KEYS[2], 0, ARGV[at])
end
