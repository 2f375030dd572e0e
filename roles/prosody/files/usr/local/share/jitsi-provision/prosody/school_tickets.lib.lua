-- school_tickets: the tickets of mod_school_return, and how they outlive Prosody. See there.

local hashes = require "util.hashes";
local lfs = require "lfs";
local now = require "util.time".now;
local random = require "util.random";

local directory = module:get_option_string("school_return_directory");
local key = module:get_option_string("school_return_secret") or random.bytes(32);
local good_for = module:get_option_number("school_return_for", 300);
local most = module:get_option_number("school_return_most", 5000);

local once_more = 60; -- seconds

local tickets, count = {}, 0; -- id -> ticket
local held = {}; -- a room's mark and the full address of the holder -> id
local fields = { "room", "account", "account_keys", "stored", "server", "left", "waits", "previous" };

local function digest(purpose, value)
	return hashes.hmac_sha256(key, purpose .. "\0" .. value, true):sub(1, 32);
end

local function place(mark, holder)
	return mark .. "\0" .. holder;
end

local function path_of(id)
	return directory .. "/" .. id;
end

-- Written beside and renamed: what is half written is never read.
local function keep(id)
	if not directory then return; end
	local ticket, values = tickets[id], {};
	for index, name in ipairs(fields) do values[index] = tostring(ticket[name] or "-"); end
	local file = io.open(path_of("part"), "w");
	if not file then return; end
	file:write(table.concat(values, " "), "\n");
	file:close();
	os.rename(path_of("part"), path_of(id));
end

local function revoke(id) -- with the one that it followed, if that is still there
	local ticket = id and tickets[id];
	if not ticket then return; end
	if directory then os.remove(path_of(id)); end
	tickets[id], count = nil, count - 1;
	if ticket.holder then held[place(ticket.room, ticket.holder)] = nil; end
	if ticket.previous then revoke(ticket.previous); end
end

local function is_good(ticket)
	return not ticket.left or now() - ticket.left <= good_for;
end

local function hold(id, holder)
	local ticket = tickets[id];
	if ticket.holder then held[place(ticket.room, ticket.holder)] = nil; end
	ticket.holder = holder;
	held[place(ticket.room, holder)] = id;
end

-- Somebody is back with a ticket. For a minute it is good once more, in place of the one that
-- follows: the connection may break before that has arrived. Returns whose admission it was: who held
-- it, who has shown it before, who holds the one that follows.
local function use(id, taker)
	local ticket = tickets[id];
	local others = { [ticket.holder or taker] = true, [ticket.taker or taker] = true };
	revoke(ticket.previous); -- this one has arrived
	for later, follower in pairs(tickets) do
		if follower.previous == id then
			others[follower.holder or taker], follower.previous = true, nil;
			revoke(later);
		end
	end
	if ticket.holder then held[place(ticket.room, ticket.holder)] = nil; end
	ticket.holder, ticket.previous, ticket.taker = nil, nil, taker;
	ticket.left = math.min(ticket.left or now(), now() - math.max(0, good_for - once_more));
	keep(id);
	others[taker] = nil;
	return others;
end

local function add(id, ticket)
	if count >= most then return false; end
	tickets[id], count = ticket, count + 1;
	if ticket.holder then hold(id, ticket.holder); end
	keep(id);
	return true;
end

local function read(id)
	local file = io.open(path_of(id));
	local text = file and file:read("*l") or "";
	if file then file:close(); end
	local ticket, index = {}, 0;
	for value in text:gmatch("%S+") do
		index = index + 1;
		ticket[fields[index] or "more"] = value ~= "-" and value or nil;
	end
	return index == #fields and ticket or nil;
end

-- Whoever was inside is away from now on.
local function recall()
	local ids = {};
	for id in lfs.dir(directory) do
		if #id == 32 and not id:find("%X") then ids[#ids + 1] = id; end
	end
	for _, id in ipairs(ids) do
		local ticket = read(id);
		if ticket then ticket.left = tonumber(ticket.left) or now(); end
		if not ticket or not is_good(ticket) or not add(id, ticket) then os.remove(path_of(id)); end
	end
end

if directory and lfs.attributes(directory, "mode") ~= "directory" then
	module:log("warn", "there is no directory for tickets: a restart of this server ends them");
	directory = nil;
end
if directory then recall(); end

-- Who has a connection is inside, in a breakout room, too.
local look_every = math.max(0.2, math.min(20, good_for / 4));
module:add_timer(look_every, function ()
	for id, ticket in pairs(tickets) do
		if ticket.holder and prosody.full_sessions[ticket.holder] then
			ticket.left = nil;
		elseif not ticket.left then
			ticket.left = now();
			keep(id);
		elseif not is_good(ticket) then
			revoke(id);
		end
	end
	return look_every;
end);

return {
	add = add; digest = digest; hold = hold; is_good = is_good; keep = keep; revoke = revoke; use = use;
	get = function (id) return tickets[id]; end;
	held = function (mark, holder) return held[place(mark, holder)]; end;
	revoke_where = function (matches)
		for id, ticket in pairs(tickets) do
			if matches(ticket) then revoke(id); end
		end
	end;
};
