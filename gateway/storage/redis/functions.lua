-- The races of short-lived records. A value is cmsgpack of {sealed, expires_at, group, subject, state, version,
-- ordinal, stamp, linger, run}; false where there is none. Times are microseconds handed in by the caller, never the
-- server's clock: a TTL only cleans up, `linger` milliseconds after the record's own time.
-- A grant with version 0 is the mark of a revocation of a grant this Redis does not know.

local LIBRARY = '@VERSION@'
local SEALED, EXPIRES, GROUP, SUBJECT, STATE, VERSION, ORDINAL, STAMP, LINGER, RUN = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local MARK_MS = 600000

-- Which run of this server it is; the library is made anew with every start, so it is asked once a run.
local run
local function run_id()
  if not run then run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') end
  return run
end

local function read(key)
  local raw = redis.call('GET', key)
  if raw then return cmsgpack.unpack(raw), raw end
  return nil, false
end

-- the same tag as gateway.storage.redis.names: what stands before the first dot
local function grant_name(group)
  return 'gate06:{' .. string.match(group, '^[^.]*') .. '}:grant:' .. group
end

local function load_rows(keys, args)
  local grants, answer = {}, {}
  for place, key in ipairs(keys) do
    local row = read(key)
    if row then
      local state = row[STATE]
      if row[GROUP] then
        local name = grant_name(row[GROUP])
        local grant = grants[name]
        if grant == nil then
          grant = read(name) or false
          grants[name] = grant
        end
        if not grant or grant[STATE] == 'revoked' then state = 'revoked' end
      end
      answer[place] = {row[SEALED], row[EXPIRES], row[GROUP], row[SUBJECT], state, row[VERSION], row[ORDINAL]}
    else
      answer[place] = false
    end
  end
  return answer
end

-- What a commit would leave, over what is stored; nothing is written before every step has held.
local function overlay()
  local changed, order, raws = {}, {}, {}
  local view = {}
  function view.get(key)
    if changed[key] ~= nil then return changed[key] or nil end
    local row, raw = read(key)
    if raws[key] == nil then raws[key] = raw end
    return row
  end
  function view.set(key, row)
    if changed[key] == nil then
      if raws[key] == nil then raws[key] = redis.call('GET', key) end
      order[#order + 1] = key
    end
    changed[key] = row
  end
  function view.write(now, stamp)
    local undo = {}
    for _, key in ipairs(order) do
      local row = changed[key]
      if stamp then
        undo[#undo + 1] = key
        undo[#undo + 1] = raws[key] or false
      end
      if not row then
        redis.call('DEL', key)
      else
        row[STAMP] = stamp
        local raw = cmsgpack.pack(row)
        if row[VERSION] == 0 then
          redis.call('SET', key, raw, 'PX', MARK_MS)
        elseif row[EXPIRES] then
          local ttl = math.floor((row[EXPIRES] - now) / 1000) + row[LINGER]
          redis.call('SET', key, raw, 'PX', math.max(ttl, row[LINGER], 1))
        else
          redis.call('SET', key, raw)
        end
      end
    end
    return undo
  end
  return view
end

local function copy(row)
  local new = {}
  for place = SEALED, RUN do new[place] = row[place] end
  return new
end

local function is_mark(row) return row and row[VERSION] == 0 end

local function revoke(view, group)
  local name = grant_name(group)
  local grant = view.get(name)
  if grant and not is_mark(grant) then
    grant = copy(grant)
    if grant[STATE] ~= 'revoked' then grant[VERSION] = grant[VERSION] + 1 end
    grant[STATE] = 'revoked'
    -- written even when it was revoked already: with our stamp on it nobody else's undo lifts this revocation
  else
    grant = {'', false, false, false, 'revoked', 0, 0, false, MARK_MS}
  end
  view.set(name, grant)
end

local function why(view, row, now)
  if not row then return 'unknown' end
  if row[STATE] == 'revoked' then return 'revoked' end
  if row[GROUP] then
    local grant = view.get(grant_name(row[GROUP]))
    if not grant or grant[STATE] == 'revoked' then return 'revoked' end
  end
  if row[STATE] ~= 'active' then return 'replay' end
  if row[EXPIRES] and row[EXPIRES] <= now then return 'expired' end
  -- a server that crashed may have forgotten that this was spent: what was issued in an earlier run ends unspent
  if row[RUN] and row[RUN] ~= run_id() then return 'expired' end
  return nil
end

-- A grant is written through; SQL is its truth. One this Redis does not know is left out and fetched afterwards.
local function write_grant(view, verb, key, row, result)
  local old = view.get(key)
  if verb == 'insert' then
    view.set(key, row)
  elseif not old or is_mark(old) then
    result.absent[#result.absent + 1] = key
  else
    if verb == 'replace' and old[VERSION] >= row[VERSION] then return 'changed' end
    if old[STATE] == 'revoked' then row[STATE] = 'revoked' end
    view.set(key, row)
  end
  return nil
end

local verbs = {}

function verbs.insert(view, step, now, result)
  local old = view.get(step.key)
  if old and not is_mark(old) and not (old[EXPIRES] and old[EXPIRES] <= now) then return 'exists' end
  if step.kind == 'grant' then return write_grant(view, 'insert', step.key, step.row, result) end
  view.set(step.key, step.row)
end

function verbs.put(view, step, now, result)
  if step.kind == 'grant' then return write_grant(view, 'put', step.key, step.row, result) end
  view.set(step.key, step.row)
end

function verbs.replace(view, step, now, result)
  if step.kind == 'grant' then return write_grant(view, 'replace', step.key, step.row, result) end
  local old = view.get(step.key)
  if not old or old[VERSION] ~= step.row[VERSION] - 1 then return 'changed' end
  view.set(step.key, step.row)
end

function verbs.spend(view, step, now, result)
  local row = view.get(step.key)
  local lost = why(view, row, now)
  if lost then return lost, row and row[GROUP] end
  row = copy(row)
  row[STATE] = 'used'
  row[VERSION] = row[VERSION] + 1
  view.set(step.key, row)
  result.spent[#result.spent + 1] = {step.key, row[EXPIRES], row[GROUP]}
end

function verbs.require(view, step, now, result)
  local row = view.get(step.key)
  return why(view, row, now), row and row[GROUP]
end

function verbs.remove(view, step, now, result) view.set(step.key, false) end

-- A copy SQL does not agree with goes, unless it says revoked; the next load fetches it again.
function verbs.forget(view, step, now, result)
  local old = view.get(step.key)
  if old and old[STATE] ~= 'revoked' then view.set(step.key, false) end
end

function verbs.revoke(view, step, now, result) revoke(view, step.group) end

-- args: JSON of [{now, stamp, steps: [[verb, kind, key, revoke_on_replay, group, blob, expires, subject, state,
-- version, ordinal, linger]]}], then the blobs. Answers for each commit [outcome, position, group, undo, spent, absent].
local function commit_one(work, args)
  local view = overlay()
  local result = {spent = {}, absent = {}}
  for place, written in ipairs(work.steps) do
    local step = {verb = written[1], kind = written[2], key = written[3], replay = written[4], group = written[5]}
    if written[6] then
      step.row = {args[1 + written[6]], written[7], written[5], written[8], written[9], written[10], written[11],
        false, written[12], step.kind == 'code' and run_id()}
    end
    local lost, group = verbs[step.verb](view, step, work.now, result)
    if lost then
      if lost == 'replay' and step.replay and group then
        local other = overlay()
        revoke(other, group)
        other.write(work.now, false)
      end
      return {lost, place - 1, group or false, {}, {}, {}}
    end
  end
  return {'done', 0, false, view.write(work.now, work.stamp), result.spent, result.absent}
end

local function commit(keys, args)
  local answers = {}
  for place, work in ipairs(cjson.decode(args[1])) do 
    local held, answer = pcall(commit_one, work, args)
    answers[place] = held and answer or {'failed', 0, false, {}, {}, {}}
  end
  return answers
end

-- keys: what a commit wrote; args: now, its stamp, then what stood there before ('' for nothing).
local function undo(keys, args)
  local now, stamp = tonumber(args[1]), args[2]
  for place, key in ipairs(keys) do
    local row = read(key)
    local before = args[2 + place]
    if (row and row[STAMP] == stamp) or (not row and before ~= '') then
      if before == '' then
        redis.call('DEL', key)
      else
        local old = cmsgpack.unpack(before)
        if old[EXPIRES] then
          local ttl = math.floor((old[EXPIRES] - now) / 1000) + old[LINGER]
          redis.call('SET', key, before, 'PX', math.max(ttl, old[LINGER], 1))
        elseif old[VERSION] == 0 then
          redis.call('SET', key, before, 'PX', MARK_MS)
        else
          redis.call('SET', key, before)
        end
      end
    end
  end
  return 'OK'
end

-- Puts grants back that this Redis forgot, unless something (a revocation's mark) stands there by now.
-- args: for each key sealed, expires_at, group, subject, state, version, ordinal, linger, TTL in milliseconds ('' none)
local function heal(keys, args)
  local function optional(text, convert)
    if text == '' then return false end
    return convert and convert(text) or text
  end
  for place, key in ipairs(keys) do
    local first = (place - 1) * 9
    local row = {args[first + 1], optional(args[first + 2], tonumber), optional(args[first + 3]),
      optional(args[first + 4]), args[first + 5], tonumber(args[first + 6]), tonumber(args[first + 7]), false,
      tonumber(args[first + 8])}
    if args[first + 9] == '' then
      redis.call('SET', key, cmsgpack.pack(row), 'NX')
    else
      redis.call('SET', key, cmsgpack.pack(row), 'NX', 'PX', args[first + 9])
    end
  end
  return 'OK'
end

redis.register_function{function_name = 'gate06_load', callback = load_rows, flags = {'no-writes'}}
redis.register_function{function_name = 'gate06_version', callback = function() return LIBRARY end, flags = {'no-writes'}}
redis.register_function('gate06_commit', commit)
redis.register_function('gate06_undo', undo)
redis.register_function('gate06_heal', heal)
