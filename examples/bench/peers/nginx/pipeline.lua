-- The way of a request through the nginx peer: token, status, right, JSON, work,
-- one record, answer.
local cjson = require("cjson.safe")
local work = require("work")

local pipeline = {}
local users, record = {}, nil

-- load_users reads the file that `twin fill --users` writes.
function pipeline.load_users(path)
  for line in io.lines(path) do
    local token, login, status, rights = line:match("^([^\t]+)\t([^\t]+)\t(%d+)\t(.*)$")
    local list = {}
    for right in rights:gmatch("[^,]+") do list[right] = true end
    users[token] = { login = login, active = status == "10", rights = list }
  end
end

-- open_record opens the file of records, once in each worker. A record is one
-- write of one line, so the lines of the workers never mix.
function pipeline.open_record(path)
  record = assert(io.open(path, "a"))
  record:setvbuf("full", 4096)
end

local function token()
  local header = ngx.var.http_authorization
  return header and header:sub(1, 7) == "Bearer " and header:sub(8) or nil
end

-- handle returns status, answer or text of a refusal, user, phone and message.
local function handle(action)
  local user = users[token() or ""]
  if not user or not user.active then return 401, "Unauthorized!" end
  if not user.rights["bench." .. action] then return 405, "Access denied!", user end
  ngx.req.read_body()
  local sent = cjson.decode(ngx.req.get_body_data() or "{}")
  if type(sent) ~= "table" or sent[1] ~= nil or ngx.req.get_body_data() == "[]" then return 420, "Invalid JSON!", user end
  local phone, message = sent.phone or "", sent.message or ""
  if type(phone) ~= "string" or type(message) ~= "string" then return 420, "Invalid JSON!", user end
  if not phone:find("%S") then return 419, "Empty phone!", user, phone, message end
  if not message:find("%S") then return 419, "Empty message!", user, phone, message end
  if #phone > 64 and work.length(phone) > 64 then return 422, "Invalid phone!", user, phone, message end
  if #message > 1600 and work.length(message) > 1600 then return 422, "Invalid message!", user, phone, message end
  local e164, country = work.parse_phone(phone)
  if not e164 then return 422, "Invalid phone!", user, phone, message end
  local encoding, n = work.segments(message)
  local answer = '{"phone":"' .. e164 .. '","country":"' .. country .. '","encoding":"' .. encoding .. '","segments":' .. n
  if action == "submit" then
    local reply = ngx.location.capture("/upstream", { method = ngx.HTTP_POST, body = message, vars = { phone = e164 } })
    if reply.status ~= 200 or reply.truncated then return 502, "Upstream is unavailable!", user, phone, message end
    answer = answer .. ',"answer":' .. cjson.encode(reply.body)
  end
  return 200, answer .. "}", user, phone, message
end

-- serve answers one request after its record has been handed to the system.
function pipeline.serve(action)
  local status, text, user, phone, message = handle(action)
  local var = ngx.var
  local id = var.request_id
  local body = phone and '{"phone":"' .. work.mask(phone) .. '","message":"(' .. work.length(message) .. ' characters)"}' or ""
  local refusal = status == 200 and "" or text
  record:write(ngx.localtime(), "\tbench\t", action, "\t", status, "\t", refusal, "\t", body, "\t", user and user.login or "", "\t",
    var.remote_addr, "\t", var.request_time, "\t", id, "\n")
  record:flush()
  if status ~= 200 then text = '{"error":"' .. text .. '"}' end
  ngx.status = status
  ngx.header["X-Request-Id"] = id
  ngx.header["Content-Length"] = #text
  ngx.print(text)
end

return pipeline
