-- mod_school_addresses: guests never see by which address somebody is signed in.
--
-- Enabled on the guest host. Rooms name everybody's real address to everybody, because clients know
-- the focus by it. To a guest it says by which name a teacher signs in, and where to write beside
-- the room. So it is taken out of what goes to guests: of people alone, not of the focus, and not
-- the own one. Staff need the addresses, for instance to move somebody to a breakout room.
--
-- It is done on the way out, because addresses are written in many places: presences, invitations,
-- changes of rights, who threw somebody out, kept messages, and the list of breakout rooms.
--
-- Options:
--   school_staff_host   the password host; default: muc_mapper_domain_base

local filters = require "util.filters";
local hashes = require "util.hashes";
local id = require "util.id";
local jid = require "util.jid";
local st = require "util.stanza";

local staff_host = module:get_option_string("school_staff_host",
	module:get_option_string("muc_mapper_domain_base"));
local salt = id.long();

local function is_hidden(address, session)
	local node, host = jid.split(address);
	return node and (host == module.host or host == staff_host)
		and not (host == session.host and node == session.username);
end

-- The list of breakout rooms knows people by their addresses: they stay different from each other.
local function without_addresses(text, session)
	local changed = text:gsub('"([^"\\@]+@[^"]+)"', function (value)
		local address = value:gsub("\\/", "/");
		if is_hidden(address, session) then
			return '"hidden-' .. hashes.sha256(salt .. address, true):sub(1, 16) .. '"';
		end
	end);
	return changed ~= text and changed or nil;
end

-- Returns a copy in which no part but those named here differs; the original goes to others, too.
local function with(stanza, part, other)
	local attr = {};
	for key, value in pairs(stanza.attr) do attr[key] = value; end
	local copy = st.stanza(stanza.name, attr);
	for _, child in ipairs(stanza) do
		if child ~= part then
			copy:add_direct_child(child);
		elseif other then
			copy:add_direct_child(other);
		end
	end
	return copy;
end

-- Changes an item or an invitation, which is a copy, and returns whether anything was to be hidden.
local function bare_item(tag, room, session)
	local found = false;
	local function take(part, name, instead)
		if part and is_hidden(part.attr[name], session) then
			part.attr[name], found = instead, true;
		end
	end
	take(tag, "jid");
	take(tag, "from", room); -- who invites or declines
	take(tag:get_child("actor"), "jid");
	-- "Invited by …": whoever was invited becomes a member, and everybody hears why.
	local reason = tag:get_child("reason");
	local text = reason and reason:get_text() or "";
	for word in text:gmatch("%S+") do
		if is_hidden(word, session) then
			tag:maptags(function (child) return child.name ~= "reason" and child or nil; end);
			return true;
		end
	end
	return found;
end

local function bare_of_addresses(x, room, session)
	local copy, found = st.clone(x), false;
	for _, tag in ipairs(copy.tags) do found = bare_item(tag, room, session) or found; end
	return found and copy;
end

local function hide(stanza, session)
	if session.host ~= module.host or type(stanza) ~= "table" or not stanza.attr then return stanza; end
	if stanza.name ~= "presence" and stanza.name ~= "message" then return stanza; end
	local x = stanza:get_child("x", "http://jabber.org/protocol/muc#user");
	local other = x and bare_of_addresses(x, jid.bare(stanza.attr.from), session);
	if other then stanza = with(stanza, x, other); end
	-- "… invited you to the room", which clients without rooms would show.
	local body = other and x:get_child("invite") and stanza:get_child("body");
	if body then stanza = with(stanza, body); end
	if stanza.name == "presence" then return stanza; end
	local kept = stanza:get_child("addresses", "http://jabber.org/protocol/address");
	if kept then stanza = with(stanza, kept); end
	local json = stanza:get_child("json-message", "http://jitsi.org/jitmeet");
	local text = json and without_addresses(json:get_text() or "", session);
	if text then stanza = with(stanza, json, st.stanza("json-message", json.attr):text(text)); end
	return stanza;
end

-- Added to each connection as it begins: one that is resumed brings its own filters. After those of
-- the lobby (-1), which read the addresses; before the store for what was not received yet.
local function add(session)
	filters.add_filter(session, "stanzas/out", hide, -2);
end

filters.add_filter_hook(add);
function module.unload() filters.remove_filter_hook(add); end
