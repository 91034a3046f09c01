import { createHash } from 'node:crypto';

/** A Lua script, and the name under which Redis keeps what it has compiled. */
export interface Script {
  readonly lua: string;
  readonly sha1: string;
}

function script(lua: string): Script {
  return { lua, sha1: createHash('sha1').update(lua).digest('hex') };
}

/*
 * A record is one hash, and its life is the life of its Redis key: PTTL says what is left of a lease or of a result, by the
 * clock of Redis. There is no second expiry in it that could say something else.
 *
 *   token        of the claim that made it
 *   fingerprint  of the payload; stays for as long as the record
 *   result       base64; there once the work is completed
 *
 * Redis deletes a key only when its time is past: in the last millisecond PTTL is 0, and by our contract the record is over.
 *
 * A client whose connection broke before the answer came may send the same command again (ioredis does). Each script then
 * gives its first answer once more, but `RELEASE`: its key is free by then, or another's.
 */

/**
 * KEYS[1] the record. ARGV: token, fingerprint, lease in ms. What is left of a record that is over is overwritten. HSET comes
 * first: when its memory is full, Redis refuses a script at its first write if that needs memory, and later ones no more.
 */
export const CLAIM: Script = script(`
local token, fingerprint, result = unpack(redis.call('HMGET', KEYS[1], 'token', 'fingerprint', 'result'))
local leftMs = redis.call('PTTL', KEYS[1])
if leftMs > 0 and result then return {'completed', fingerprint, result} end
if leftMs > 0 and token ~= ARGV[1] then return {'in-flight', fingerprint, tostring(leftMs)} end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'fingerprint', ARGV[2])
redis.call('HDEL', KEYS[1], 'result')
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {'claimed'}
`);

/** What the writing scripts begin with. ARGV[1] is the token: by it they are fenced. */
const READ = `
local isOwn = redis.call('HGET', KEYS[1], 'token') == ARGV[1] and redis.call('PTTL', KEYS[1]) > 0
local isCompleted = redis.call('HEXISTS', KEYS[1], 'result') == 1
`;

/** KEYS[1] the record. ARGV: token, lease in ms. */
export const RENEW: Script = script(`${READ}
if not isOwn or isCompleted then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`);

/** KEYS[1] the record. ARGV: token, result, time to live in ms. A repetition changes nothing. */
export const COMPLETE: Script = script(`${READ}
if not isOwn then return 0 end
if isCompleted then return 1 end
redis.call('HSET', KEYS[1], 'result', ARGV[2])
return redis.call('PEXPIRE', KEYS[1], ARGV[3])
`);

/** KEYS[1] the record. ARGV: token. */
export const RELEASE: Script = script(`${READ}
if not isOwn or isCompleted then return 0 end
return redis.call('DEL', KEYS[1])
`);
