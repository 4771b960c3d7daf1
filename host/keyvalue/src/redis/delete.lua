-- Removes keys. KEYS: the values, the index. No transaction: a full server refuses those.
redis.call('HDEL', KEYS[1], unpack(ARGV))
redis.call('ZREM', KEYS[2], unpack(ARGV))
