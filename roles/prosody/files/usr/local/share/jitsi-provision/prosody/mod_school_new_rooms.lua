-- mod_school_new_rooms: how many rooms guests can have opened.
--
-- Enabled on the guest host. A guest who comes before the teacher asks the focus for the room, which
-- opens it with a lobby, where the guest waits. So guests have to be able to open rooms; but each
-- costs focus and bridge something, until it ends by itself after some seconds. Only rooms that are
-- not there yet count: a class that comes to the same room counts once. Staff are never limited, and
-- the school's own networks, where it names them, have several shares.
--
-- Options:
--   school_new_rooms_burst   new rooms at once from one network (an IPv4 address, an IPv6 /64); 40
--   school_new_rooms_minute  and then each minute; 20
--   school_new_rooms_all     new rooms each minute from all networks together, and at once; 200
--
-- Nothing here writes a name, an address or a room's name to the log.

local cache = require "util.cache";
local jid = require "util.jid";
local now = require "util.time".now;
local st = require "util.stanza";
local network = module:require "school_network";

local domain = module:get_option_string("muc_mapper_domain_base");
local focus = module:get_option_string("school_focus_component", "focus." .. domain);
local main_muc = module:get_option_string("main_muc", "conference." .. domain);
local breakout_muc = module:get_option_string("breakout_rooms_muc", "breakout." .. domain);
local burst = module:get_option_number("school_new_rooms_burst", 40);
local minute = module:get_option_number("school_new_rooms_minute", 20);
local all = module:get_option_number("school_new_rooms_all", 200);

local asked = cache.new(2000); -- room -> when the focus was asked for it
local next_of = cache.new(10000); -- network -> when its account would be balanced
local next_of_all = 0;

local function exists(room)
	local component = prosody.hosts[jid.host(room)];
	local muc = component and component.modules.muc;
	return muc and muc.get_room_from_jid(room);
end

-- Takes one from both accounts, or says no.
local function may_open(address)
	local time, key = now(), network.of(address);
	local here = math.max(next_of:get(key) or 0, time);
	local everywhere = math.max(next_of_all, time);
	local shares = network.shares(address);
	local each = 60 / minute / shares;
	if here - time > (burst * shares - 1) * each or everywhere - time > 60 then return false; end
	next_of:set(key, here + each);
	next_of_all = everywhere + 60 / all;
	return true;
end

module:hook("pre-iq/host", function (event)
	local session, stanza = event.origin, event.stanza;
	if stanza.attr.to ~= focus then return; end
	local request = stanza:get_child("conference", "http://jitsi.org/protocol/focus");
	if not request then return; end
	local room = jid.prep(request.attr.room);
	local host = room and jid.node(room) and jid.host(room);
	if host ~= main_muc and host ~= breakout_muc then
		session.send(st.error_reply(stanza, "modify", "bad-request"));
		return true;
	end
	local before = asked:get(room);
	if exists(room) or (before and now() - before < 10) then return; end
	if host == breakout_muc or not may_open(session.ip) then
		-- The client tries again by itself, after a while.
		session.send(st.error_reply(stanza, "wait", "resource-constraint"));
		return true;
	end
	asked:set(room, now());
end, 100);
