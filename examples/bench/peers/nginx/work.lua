-- What package work does in Go: which number is meant and how many SMS a text
-- becomes. The benchmark compares the answers of both before it measures.
local bit = require("bit")
local byte, sub, find = string.byte, string.sub, string.find
local band, bor, lshift = bit.band, bit.bor, bit.lshift

local work = {}

local function set(text)
  local out = {}
  for c in text:gmatch(".") do out[byte(c)] = true end
  return out
end

local none = {}
-- Calling codes of two digits, and the beginnings of those of three, by the first.
local two = {
  ["2"] = set("07"), ["3"] = set("0123469"), ["4"] = set("013456789"), ["5"] = set("12345678"), ["6"] = set("0123456"),
  ["8"] = set("1246"), ["9"] = set("0123458"),
}
local three = {
  ["2"] = set("1234569"), ["3"] = set("578"), ["4"] = set("2"), ["5"] = set("09"), ["6"] = set("789"), ["8"] = set("0578"), ["9"] = set("679"),
}

local function calling_code(digits)
  local first, second = sub(digits, 1, 1), byte(digits, 2)
  if first == "1" or first == "7" then return 1 end
  if (two[first] or none)[second] then return 2 end
  if (three[first] or none)[second] then return 3 end
  return 0
end

-- parse_phone returns the number in E.164 and its calling code, or nil.
function work.parse_phone(text)
  local digits, plus = text, false
  if find(text, "[^0-9]") then
    if find(text, "[^0-9+ .()-]") then return nil end
    digits = text:gsub("[ .()-]", "")
    if byte(digits) == 43 then
      plus = true
      digits = sub(digits, 2)
    end
    if find(digits, "+", 1, true) then return nil end
  end
  local n = #digits
  if n > 18 then return nil end
  if plus then -- as it is
  elseif n > 2 and sub(digits, 1, 2) == "00" then
    digits = sub(digits, 3)
  elseif n == 11 and (byte(digits) == 56 or byte(digits) == 55) then
    digits = "7" .. sub(digits, 2)
  elseif n == 10 and byte(digits) == 57 then
    digits = "7" .. digits
  else
    return nil
  end
  n = #digits
  if n < 8 or n > 15 then return nil end
  local code = calling_code(digits)
  if code == 0 then return nil end
  if byte(digits) == 55 and (n ~= 11 or byte(digits, 2) ~= 57) then return nil end
  return "+" .. digits, sub(digits, 1, code)
end

-- Costs in septets by code point; what is missing is not in the GSM alphabet.
local gsm = {}
for c = 0x20, 0x7e do gsm[c] = 1 end
gsm[0x60] = nil
gsm[0x0a], gsm[0x0d] = 1, 1
for c in ("\f^{}\\[~]|"):gmatch(".") do gsm[byte(c)] = 2 end
for _, c in ipairs({
  0xa3, 0xa5, 0xe8, 0xe9, 0xf9, 0xec, 0xf2, 0xc7, 0xd8, 0xf8, 0xc5, 0xe5, 0x394, 0x3a6, 0x393, 0x39b, 0x3a9, 0x3a0, 0x3a8, 0x3a3, 0x398,
  0x39e, 0xc6, 0xe6, 0xdf, 0xc9, 0xa4, 0xa1, 0xc4, 0xd6, 0xd1, 0xdc, 0xa7, 0xbf, 0xe4, 0xf6, 0xf1, 0xfc, 0xe0,
}) do gsm[c] = 1 end
gsm[0x20ac] = 2

-- character returns the code point at i and where the next one begins. The text
-- is UTF-8: it comes out of JSON.
local function character(text, i)
  local a = byte(text, i)
  if a < 0x80 then return a, i + 1 end
  if a < 0xe0 then return bor(lshift(band(a, 0x1f), 6), band(byte(text, i + 1) or 0, 0x3f)), i + 2 end
  local b, c = byte(text, i + 1, i + 2)
  if a < 0xf0 then return bor(lshift(band(a, 0x0f), 12), lshift(band(b or 0, 0x3f), 6), band(c or 0, 0x3f)), i + 3 end
  return 0x10000, i + 4 -- beyond the basic plane; which one does not matter
end

local function ucs_segments(text)
  local units, parts, room, i, r = 0, 1, 67, 1, 0
  while i <= #text do
    r, i = character(text, i)
    local cost = r > 0xffff and 2 or 1
    units = units + cost
    if cost > room then parts, room = parts + 1, 67 end
    room = room - cost
  end
  return units <= 70 and 1 or parts
end

-- segments returns the encoding and the number of SMS.
function work.segments(text)
  local septets, parts, room, i, r = 0, 1, 153, 1, 0
  while i <= #text do
    r, i = character(text, i)
    local cost = gsm[r]
    if not cost then return "ucs2", ucs_segments(text) end
    septets = septets + cost
    if cost > room then parts, room = parts + 1, 153 end
    room = room - cost
  end
  return "gsm7", septets <= 160 and 1 or parts
end

-- length counts characters.
function work.length(text)
  local n = 0
  for i = 1, #text do
    local c = byte(text, i)
    if c < 0x80 or c > 0xbf then n = n + 1 end
  end
  return n
end

-- mask shows the beginning and the end of a number, as the gateway's journal does.
function work.mask(text)
  local plus = byte(text) == 43 and "+" or ""
  local digits = text:gsub("[ .()+-]", "")
  local n = #digits
  if find(digits, "[^0-9]") or n < 7 or n > 20 then return "***" end
  local front, back = 0, 2
  if n >= 10 then front = 4 elseif n >= 8 then front = 2 end
  return plus .. sub(digits, 1, front) .. "***" .. sub(digits, n - back + 1)
end

return work
