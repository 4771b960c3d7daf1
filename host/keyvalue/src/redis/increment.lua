-- Adds to a number, with the arithmetic of Redis: that of Lua is exact to 53 bits only. KEYS as in
-- set.lua, and a place to add in; ARGV: key, number to add.
local before = redis.call('HGET', KEYS[1], ARGV[1])
local text = before and string.match(before, '^%d+:(.*)$') or '0'
-- What Rust reads as a number and Redis does not: a plus, zeros in front.
local sign, digits = string.match(text, '^([+-]?)0*(%d+)$')
if not sign then
  return redis.error_reply('NUMBER none')
end
if sign == '+' or digits == '0' then
  sign = ''
end
redis.call('SET', KEYS[4], sign .. digits)
local zero = redis.pcall('INCRBY', KEYS[4], 0)
local sum = redis.pcall('INCRBY', KEYS[4], ARGV[2])
local text = redis.call('GET', KEYS[4])
redis.call('DEL', KEYS[4])
if type(zero) == 'table' then
  return redis.error_reply('NUMBER none')
end
if type(sum) == 'table' then
  return redis.error_reply('SUM too large')
end
local version = redis.call('INCR', KEYS[3])
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f:', version) .. text)
redis.call('ZADD', KEYS[2], 0, ARGV[1])
return text
