-- mod_school_rooms: who may do what in a school's conferences.
--
-- Enabled on the conference component and, where there is one, on the breakout component.
--   staff  whoever signed in with an account of the password host
--   focus  the admins of the component (Jicofo)
--   guest  everybody else
--
-- What it promises:
--   * Only the focus makes rooms, and only staff ever become owner or moderator of one.
--   * A guest meets the lobby, always and alone: nothing opens it for everybody, no room password
--     leads past it, and whoever was thrown out knocks again.
--   * A conference ends some time after the last of the staff has left it and its breakout rooms.
--   * Where something that this module needs is missing, guests stay outside.
--   * Whoever is inside can ask the room when it ends (muc#roominfo_school_end_after, in seconds).
--
-- Options:
--   school_staff_host   the password host; default: muc_mapper_domain_base
--   school_end_after    seconds from the last of the staff leaving to the end; default: 300.
--                       Of `room_ends_after` in inventory.yml, which counts in minutes
--   school_end_grace    seconds for those who go back to the lobby then; default: 15
--   school_end_message  what those who are still there read then
--
-- Nothing here writes a name, an address or a room's name to the log.

local jid = require "util.jid";
local now = require "util.time".now;
local st = require "util.stanza";

local ranks = module:require "muc/util".valid_affiliations;
local muc = module:require "school_muc";

local staff_host = module:get_option_string("school_staff_host",
	module:get_option_string("muc_mapper_domain_base"));
local end_after = module:get_option_number("school_end_after", 300);
local end_grace = module:get_option_number("school_end_grace", 15);
local end_message = module:get_option_string("school_end_message", "The conference has ended.");
local admins = module:get_option_inherited_set("admins", {}) / jid.prep;

local main_host = staff_host
	and module:context(staff_host):get_option_string("main_muc", "conference." .. staff_host);
local is_main = module.host == main_host;

local last_seen = setmetatable({}, { __mode = "k" }); -- room -> when staff were last in it
local ending = setmetatable({}, { __mode = "k" }); -- room -> when its end begun is done

local MEMBERS_ONLY = "muc#roomconfig_membersonly";

local function is_staff(address)
	local node, host = jid.split(address);
	return node ~= nil and host == staff_host;
end

local function is_focus(address)
	return admins:contains(jid.bare(address));
end

local function is_guest(address)
	return not is_staff(address) and not is_focus(address);
end

local function refuse(event, kind, condition)
	event.origin.send(st.error_reply(event.stanza, kind, condition));
	return true;
end

-- The conference a room belongs to: itself, or the one that opened it as a breakout room.
local function conference_of(room)
	if is_main then return room; end
	return muc.lesson_of(main_host, room.jid);
end

local function has_membership(room, address)
	local conference = conference_of(room);
	local affiliation = conference and conference:get_affiliation(address);
	return ranks[affiliation or "none"] >= ranks.member;
end

-- The lobby is asked for again on every join, so nothing can switch it off for long. The reason is
-- kept for the whole meeting: it is what makes the client offer "Log-in" to staff who reload.
local function close_door(room)
	if room._data.lobbyroom and room:get_members_only() then return; end
	prosody.events.fire_event("create-persistent-lobby-room", {
		room = room;
		reason = "waiting-for-host";
		skip_display_name_check = false;
	});
end

local function forget_password(stanza)
	local join = stanza:get_child("x", "http://jabber.org/protocol/muc");
	if join then
		join:maptags(function (tag) return tag.name ~= "password" and tag or nil; end);
	end
end

-- Joining ---------------------------------------------------------------------------------------

module:hook("muc-room-pre-create", function (event)
	if not is_focus(event.stanza.attr.from) then return refuse(event, "cancel", "not-allowed"); end
end, 100);

-- Clients and plugins take whoever is called "focus" for the focus.
local function refuse_false_focus(event)
	local occupant = event.dest_occupant or event.occupant;
	if occupant.nick:match("/focus$") and not is_focus(occupant.bare_jid) then
		return refuse(event, "cancel", "conflict");
	end
end
module:hook("muc-occupant-pre-join", refuse_false_focus, 100);
module:hook("muc-occupant-pre-change", refuse_false_focus, 100);

-- After the queue for crowds (9), before the lobby (-4) and the check of membership (-5). Where
-- somebody asks for a place that is taken, the occupant is the one who has it, and the plugins that
-- follow would change them; Prosody itself says that it is taken only when they are done.
module:hook("muc-occupant-pre-join", function (event)
	local room, occupant = event.room, event.occupant;
	local who = jid.bare(event.stanza.attr.from);
	if occupant.bare_jid ~= who and (not is_guest(who) or has_membership(room, who)) then
		return refuse(event, "cancel", "conflict");
	end
	if is_focus(who) then return; end
	-- The lobby leaves the focus' health-check rooms alone, and anybody can have the focus open one.
	if jid.node(room.jid):find("__jicofo-health-check", 1, true) then
		return refuse(event, "cancel", "not-allowed");
	end
	if not is_main then
		if is_guest(who) and not has_membership(room, who) then
			return refuse(event, "auth", "registration-required");
		end
		return;
	end
	if is_staff(who) then
		if room:get_affiliation(who) ~= "owner" then room:set_affiliation(true, who, "owner"); end
		occupant.role = room:get_default_role("owner");
		last_seen[room] = now();
	end
	close_door(room);
	if is_guest(who) then
		if not has_membership(room, who) then forget_password(event.stanza); end
		if not (room._data.lobbyroom and room:get_members_only()) then
			return refuse(event, "wait", "service-unavailable");
		end
	end
end, 5);

-- Rights ----------------------------------------------------------------------------------------

module:hook("muc-pre-set-affiliation", function (event)
	if ranks[event.affiliation] >= ranks.admin and is_guest(event.jid) then
		event.allowed = false;
		return true;
	end
end, 100);

module:hook("muc-pre-set-role", function (event)
	if event.role == "moderator" and is_guest(event.occupant.bare_jid) then
		event.allowed, event.error, event.condition = false, "cancel", "not-allowed";
		return true;
	end
end, 100);

-- Inviting somebody is how the lobby lets them in; declining would carry a text to anybody.
local function refuse_guests(event)
	if is_guest(event.stanza.attr.from) then return refuse(event, "auth", "forbidden"); end
end
module:hook("muc-pre-invite", refuse_guests, 100);
module:hook("muc-pre-decline", refuse_guests, 100);

-- A form that does not say "members only" would close the lobby, which lets everybody in.
module:hook("muc-config-submitted", function (event)
	if is_focus(event.actor) then return; end
	if event.fields[MEMBERS_ONLY] == false then event.status_codes["104"] = true; end
	event.fields[MEMBERS_ONLY] = true;
end, 100);

-- Registered nicknames are of no use here, but could keep the focus or staff out.
module:hook("iq/bare/jabber:iq:register:query", function (event)
	return refuse(event, "cancel", "service-unavailable");
end, 100);

-- Being thrown out ends the admission; else the same connection would simply come back.
module:hook("muc-broadcast-presence", function (event)
	local who, kicked = event.occupant.bare_jid, false;
	for status in event.x:childtags("status") do kicked = kicked or status.attr.code == "307"; end
	local conference = kicked and is_guest(who) and conference_of(event.room);
	if conference and conference:get_affiliation(who) == "member" then
		conference:set_affiliation(true, who, "none");
	end
end);

-- The end ---------------------------------------------------------------------------------------

-- A persistent room would leave a tombstone that blocks its name for a month.
module:hook("muc-room-destroyed", function (event) event.room:set_persistent(false); end, 100);

if not is_main then return; end

-- `provision verify` reads it, because nobody has five minutes to see it happen.
module:hook("muc-disco#info", function (event)
	table.insert(event.form, {
		name = "muc#roominfo_school_end_after"; type = "text-single";
		label = "Seconds from the last of the staff leaving to the end"; value = ("%d"):format(end_after);
	});
end);

local function who_is_there(room)
	local staff, guests = false, false;
	local function look(some_room)
		for _, occupant in some_room:each_occupant() do
			staff = staff or is_staff(occupant.bare_jid);
			guests = guests or is_guest(occupant.bare_jid);
		end
	end
	look(room);
	for breakout in pairs(room._data.breakout_rooms or {}) do
		local rooms = muc.rooms_of(jid.host(breakout));
		local breakout_room = rooms and rooms.get_room_from_jid(breakout);
		if breakout_room then look(breakout_room); end
	end
	return staff, guests;
end

-- The lobby goes first, while its plugin still finds the room it belongs to: later it would write
-- the room's name to the log as an error.
module:hook("muc-pre-room-destroy", function (event)
	if not event.room._data.lobbyroom then return; end
	prosody.events.fire_event("destroy-lobby-room", { room = event.room; message = event.reason; });
end);

-- Who was admitted may be led back to the lobby first (mod_school_wait), and needs some seconds for
-- that. Where then somebody waits, only those who are still inside have to go.
local function end_conference(room)
	if not ending[room] and module:fire_event("school-room-ends", { room = room }) then
		ending[room] = now() + end_grace;
	end
	if ending[room] and now() < ending[room] then return; end
	ending[room] = nil;
	if module:fire_event("school-room-is-waited-for", { room = room }) then
		last_seen[room] = nil;
		for nick, occupant in room:each_occupant() do
			if is_guest(occupant.bare_jid) then room:set_role(true, nick, nil, end_message); end
		end
		return;
	end
	module:log("info", "a conference ends: its last member of staff left %d s ago", end_after);
	room:set_persistent(false);
	room:destroy(nil, end_message);
end

-- Looking again and again, instead of acting on each departure, sees every way of leaving: hanging
-- up, a lost connection, moving to a breakout room; and it outlives a reload of this module.
local interval = math.min(10, end_after / 4);
module:add_timer(interval, function ()
	local over = {};
	for room in muc.rooms_of(module.host).live_rooms() do
		local staff, guests = who_is_there(room);
		if staff or (guests and not last_seen[room]) then
			last_seen[room], ending[room] = now(), nil;
		elseif last_seen[room] and now() - last_seen[room] >= end_after then
			over[#over + 1] = room;
		end
	end
	for _, room in ipairs(over) do end_conference(room); end
	return interval;
end);
