-- SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
-- Goes through much of the Lua interpreter, a little of each.

local function words(n)
	local list = {}
	for i = 1, n do
		list[i] = string.format("%s-%05d %g %q", ("ab"):rep(i % 5), i * 7919 % n,
			i / 3, "x\n" .. i)
	end
	return list
end

local function sorted(list)
	table.sort(list, function(a, b) return a:sub(-4) < b:sub(-4) end)
	return table.concat(list, ";", 1, #list // 2)
end

local function parsed(text)
	local count = 0
	for name, number in text:gmatch("(%a*)%-(%d+)") do
		count = count + #name + tonumber(number)
	end
	return count, (text:gsub("%d", { ["1"] = "one", ["2"] = false }))
end

local function failing(depth)
	if depth == 0 then
		error({ "deep" })
	end
	return failing(depth - 1) + 1
end

local object = setmetatable({}, {
	__index = function(_, key) return key .. "?" end,
	__add = function(_, value) return value + 1 end,
	__close = function() end,
	__gc = function() end,
	__tostring = function() return "object" end,
})

local total = 0
for round = 1, 3 do
	local list = words(20 + round)
	total = total + parsed(sorted(list))
	local good, why = pcall(failing, 10 + round)
	total = total + (good and 0 or #why[1]) + (object + round)
	local generate = coroutine.wrap(function()
		for i = 1, 5 do
			coroutine.yield(i, object[i])
		end
	end)
	for i = 1, 5 do
		total = total + generate()
	end
	total = total + load("local a, b = ... return a * b // 3 ~ 5 << 2")(round, 7)
	total = total + #tostring(object) + select("#", table.unpack(list))
	total = total + #os.date("%Y", 0) + math.floor(2.5 ^ round) + utf8.len("äö")
	total = total + string.unpack("<i4", string.pack("<i4", round))
	collectgarbage()
	goto done
	::done::
end
local file <close> = assert(io.open("/dev/null", "w"))
file:write(total, "\n")
file:seek("set", 0)
print(total)
