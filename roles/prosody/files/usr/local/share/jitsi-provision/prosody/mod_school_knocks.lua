-- mod_school_knocks: one source cannot bury a room or a lobby in knocks.
--
-- Enabled on the components whose rooms guests come to. What counts is a room and a network (one
-- address, or one IPv6 line), so others go on knocking beside a flood: of each network so many may
-- come at once, and then little by little; and only so many may be inside a lobby at a time. Both
-- are far above two classes behind one address of the school that reload their pages together; the
-- school's own networks, where it names them, have several such shares.
-- Staff, who watch the lobby from inside, and the focus are not counted.
-- How many wait in a lobby, it tells nobody: staff see who is there.
--
-- Options:
--   school_staff_host         the password host; default: muc_mapper_domain_base
--   school_lobby_host         where the lobbies are; default: lobby. + the former
--   school_knocks_at_once     how many knocks of one network a room takes at once; 400: each person
--                             comes twice, sent to the lobby and then admitted. A lobby: 160
--   school_knocks_per_second  and how many more in each second; 2. A lobby: 0.5
--   school_knocks_waiting     how many of one network may wait in a lobby at a time; 100
--   school_knocks_message     what whoever is refused reads
--
-- Nothing here writes a name, an address or a room's name to the log.

local cache = require "util.cache";
local jid = require "util.jid";
local now = require "util.time".now;
local st = require "util.stanza";
local source = module:require "school_network";

local staff_host = module:get_option_string("school_staff_host",
	module:get_option_string("muc_mapper_domain_base"));
local is_lobby = module.host == module:get_option_string("school_lobby_host", "lobby." .. staff_host);
local at_once = module:get_option_number("school_knocks_at_once", is_lobby and 160 or 400);
local per_second = module:get_option_number("school_knocks_per_second", is_lobby and 0.5 or 2);
local most_waiting = module:get_option_number("school_knocks_waiting", 100);
local message = module:get_option_string("school_knocks_message",
	"Too many people from your network are knocking. Please try again in a few minutes.");
local admins = module:get_option_inherited_set("admins", {}) / jid.prep;

local knocks = setmetatable({}, { __mode = "k" }); -- room -> network -> { left, at }

-- Nothing for who has no connection just now: a page that was reloaded leaves one behind for a
-- minute, and nobody waits there.
local function network_of(address)
	local session = prosody.full_sessions[address];
	if not session or not session.conn or session.hibernating then return; end
	return source.of(session.ip), source.shares(session.ip);
end

local function may_knock(room, network, shares)
	knocks[room] = knocks[room] or cache.new(2000);
	local most = at_once * shares;
	local bucket = knocks[room]:get(network) or { left = most, at = now() };
	bucket.left = math.min(most, bucket.left + (now() - bucket.at) * per_second * shares);
	bucket.at = now();
	knocks[room]:set(network, bucket);
	if bucket.left < 1 then return false; end
	bucket.left = bucket.left - 1;
	return true;
end

local function is_crowded(room, network, shares)
	if not is_lobby then return false; end
	local count = 0;
	for _, occupant in room:each_occupant() do
		for address in occupant:each_session() do
			if network_of(address) == network then count = count + 1; end
		end
	end
	return count >= most_waiting * shares;
end

-- Before the queue for crowds (9), where a flood would hold up everybody. What that queue lets go
-- comes along a second time, and has knocked already.
module:hook("muc-occupant-pre-join", function (event)
	local from = event.stanza.attr.from;
	if jid.host(from) == staff_host or admins:contains(jid.bare(from)) then return; end
	local network, shares = network_of(from);
	network, shares = network or "", shares or 1;
	local queued = event.stanza.delayed_join_skip == true;
	if (queued or may_knock(event.room, network, shares))
		and not is_crowded(event.room, network, shares) then return; end
	event.origin.send(st.error_reply(event.stanza, "wait", "resource-constraint", message));
	return true;
end, 50);

-- After the room has told it (0).
if is_lobby then
	module:hook("muc-disco#info", function (event)
		for at = #event.form, 1, -1 do
			if event.form[at].name == "muc#roominfo_occupants" then table.remove(event.form, at); end
		end
		event.formdata["muc#roominfo_occupants"] = nil;
	end, -100);
end
