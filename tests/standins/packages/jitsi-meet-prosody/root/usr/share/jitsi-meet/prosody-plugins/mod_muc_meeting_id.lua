-- STAND-IN. Numbers meetings, and lets nobody into a room before the focus is there.
local jid = require "util.jid";
local new_uuid = require "util.uuid".generate;
local st = require "util.stanza";
local util = module:require "util";

module:depends("jitsi_permissions");
module:depends("jitsi_session");

local queue_size = 500;
local number_field = "muc#roominfo_meetingId";

module:hook("muc-room-created", function (event)
	if not util.is_healthcheck_room(event.room.jid) then event.room._data.meetingId = new_uuid(); end
end);

local function add_number(event)
	table.insert(event.form, {
		name = number_field; type = "text-single"; label = "Number of the meeting";
		value = event.room._data.meetingId or "";
	});
end
module:hook("muc-disco#info", add_number);
module:hook("muc-config-form", add_number, 90 - 3);
module:hook("muc-config-submitted/" .. number_field, function (event)
	if util.is_admin(event.actor) then event.room._data.meetingId = event.value; else return true; end
end, 99);
for _, name in ipairs { "moderatedroom", "presencebroadcast" } do
	module:hook("muc-config-submitted/muc#roomconfig_" .. name, function () return true; end, 99);
end

module:hook("muc-broadcast-presence", function (event)
	-- 307: kicked. Whoever was kicked loses the membership too.
	if util.presence_check_status(event.x, "307") then
		event.room:set_affiliation(event.actor, event.occupant.bare_jid, "none");
	end
end);

module:hook("muc-occupant-pre-join", function (event)
	local room, occupant = event.room, event.occupant;
	if util.is_healthcheck_room(room.jid) then
		if util.is_focus(occupant.nick) then return; end
		event.origin.send(st.error_reply(event.stanza, "cancel", "service-unavailable"));
		return true;
	end
	if room._data.jicofo_lock == false then return; end
	if util.is_focus(occupant.nick) then
		module:fire_event("jicofo-unlock-room", { room = room });
		return;
	end
	room._data.jicofo_lock = true;
	room.standin_waiting = room.standin_waiting or {};
	if #room.standin_waiting < queue_size then table.insert(room.standin_waiting, event); end
	return true;
end, 8); -- just after the rate limit

module:hook("jicofo-unlock-room", function (event)
	local room = event.room;
	local waiting = room.standin_waiting or {};
	room._data.jicofo_lock = false;
	room.standin_waiting = nil;
	for _, early in ipairs(waiting) do
		if early.origin.conn then room:handle_normal_presence(early.origin, early.stanza); end
	end
end);

-- Nobody changes anything about the focus.
local function protect_focus(event)
	local room = util.get_room_from_jid(jid.bare(event.stanza.attr.to));
	local query = event.stanza.tags[1];
	if not room or not query then return; end
	for item in query:childtags("item") do
		local nick, address = item.attr.nick, item.attr.jid;
		if util.is_focus_nick(nick) or (address and util.is_focus_jid(address)) then
			event.origin.send(st.error_reply(event.stanza, "cancel", "not-allowed"));
			return true;
		end
	end
end
local admin_query = "http://jabber.org/protocol/muc#admin:query";
module:hook("iq-set/bare/" .. admin_query, protect_focus, 10);
module:hook("iq-set/host/" .. admin_query, protect_focus, 10);

module:hook("muc-occupant-groupchat", function (event)
	-- A message must not carry somebody else's name.
	event.stanza:remove_children("nick", "http://jabber.org/protocol/nick");
end, 45);
