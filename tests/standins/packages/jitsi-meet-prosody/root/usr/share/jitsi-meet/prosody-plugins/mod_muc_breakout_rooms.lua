-- STAND-IN. Breakout rooms beside the main room: adding, removing, renaming, sending people over.
-- Who may enter, and with which rank, follows the main room.
local jid = require "util.jid";
local json = require "util.json";
local st = require "util.stanza";
local new_uuid = require "util.uuid".generate;
local util = module:require "util";

module:depends("jitsi_session");
module:depends("room_destroy");

local main_host = module:get_option_string("main_muc");
if not main_host then
	module:log("error", "main_muc is not set: no breakout rooms");
	return;
end
local breakout_host = module:get_option_string("breakout_rooms_muc", "breakout." .. module.host);
local identity, prefix = "breakout_rooms", "features/breakout-rooms/";
local news_pause, deserted_after = 0.3, 5; -- seconds
local main_of = {}; -- address of a breakout room -> address of its main room

local function main_room_of(room_jid)
	local address = jid.host(room_jid) == main_host and room_jid or main_of[room_jid];
	return address and util.get_room_from_jid(address), address;
end

local function each_breakout(main)
	return pairs(main._data.breakout_rooms or {});
end

local function people(room)
	local list = {};
	if not room then return list; end
	for nick, occupant in room:each_occupant() do
		if not util.is_admin(occupant.bare_jid) then
			list[util.internal_room_jid_match_rewrite(nick)] = {
				jid = occupant.jid; role = occupant.role;
				displayName = occupant:get_presence():get_child_text("nick", "http://jabber.org/protocol/nick");
			};
		end
	end
	return list;
end

local function send(to, content)
	module:send(st.message({ from = breakout_host; to = to })
		:tag("json-message", { xmlns = "http://jitsi.org/jitmeet" }):text(json.encode(content)):up());
end

local function describe(main)
	local address = util.internal_room_jid_match_rewrite(main.jid);
	local node = jid.node(address);
	local rooms = {
		[node] = { isMainRoom = true; id = node; jid = address; name = main._data.subject; participants = people(main) };
	};
	for breakout_jid, name in each_breakout(main) do
		local id = jid.node(breakout_jid);
		rooms[id] = {
			id = id; jid = breakout_jid; name = name; participants = people(util.get_room_from_jid(breakout_jid));
		};
	end
	return rooms;
end

-- Tells all rooms of a meeting how they stand; several changes at once make one message.
local function announce(main)
	if main.standin_news then return; end
	main.standin_news = true;
	module:add_timer(news_pause, function ()
		main.standin_news = nil;
		if main.destroying then return; end
		local rooms = describe(main);
		local content = {
			type = identity; event = prefix .. "update"; rooms = rooms;
			roomCounter = main._data.breakout_rooms_counter;
		};
		for _, entry in pairs(rooms) do
			for _, person in pairs(entry.participants) do send(person.jid, content); end
		end
	end);
end

local function add(main, name)
	local address = new_uuid() .. "@" .. breakout_host;
	main._data.breakout_rooms = main._data.breakout_rooms or {};
	main._data.breakout_rooms_counter = (main._data.breakout_rooms_counter or 0) + 1;
	main._data.breakout_rooms[address] = name or "";
	main._data.breakout_rooms_active = true;
	main:set_persistent(true); -- it may be empty while all are in breakout rooms
	main:save(true);
	main_of[address] = main.jid;
end

local function remove(main, address, reason)
	if not main._data.breakout_rooms or not main._data.breakout_rooms[address] then return; end
	local breakout = util.get_room_from_jid(address);
	if breakout then breakout:destroy(main.jid, reason or "Breakout room removed."); end
	main._data.breakout_rooms[address] = nil;
	main_of[address] = nil;
end

local function rename(main, address, name)
	if not (main._data.breakout_rooms or {})[address] then return; end
	main._data.breakout_rooms[address] = name;
	local breakout = util.get_room_from_jid(address);
	if breakout then breakout:set_subject(address, name); end
end

local function send_over(main, person, address)
	local known = (main._data.breakout_rooms or {})[address];
	if known or address == util.internal_room_jid_match_rewrite(main.jid) then
		send(person, { type = identity; event = prefix .. "move-to-room"; roomJid = address });
	end
end

local function on_message(event)
	local session, stanza = event.origin, event.stanza;
	local wish = stanza:get_child(identity);
	if stanza.attr.type == "error" or not wish or not session.jitsi_web_query_room then return; end
	local main = util.get_room_by_name_and_subdomain(
		session.jitsi_web_query_room, session.jitsi_web_query_prefix);
	local occupant = main and util.get_occupant_by_real_jid(main, stanza.attr.from);
	if not occupant or occupant.role ~= "moderator" then return false; end
	local what = wish.attr.type;
	if what == prefix .. "add" then
		add(main, wish.attr.subject);
	elseif what == prefix .. "remove" then
		remove(main, wish.attr.breakoutRoomJid);
	elseif what == prefix .. "rename" then
		rename(main, wish.attr.breakoutRoomJid, wish.attr.subject);
	elseif what == prefix .. "move-to-room" then
		send_over(main, wish.attr.participantJid, wish.attr.roomJid);
	else
		return false;
	end
	announce(main);
	return true;
end

local function only_announced_rooms(event)
	local main = main_room_of(event.room.jid);
	local name = main and (main._data.breakout_rooms or {})[event.room.jid];
	if name then
		event.room:set_subject(event.room.jid, name);
	else
		event.room:destroy(nil, "Breakout room is invalid.");
		return true;
	end
end

local function name_is_taken(room, resource, address)
	local there = room and room:get_occupant_by_nick(room.jid .. "/" .. resource);
	return there and there.bare_jid ~= address;
end

local function before_join(event)
	local room, stanza, origin = event.room, event.stanza, event.origin;
	local occupant = event.dest_occupant or event.occupant;
	local main = main_room_of(room.jid);
	local function refuse(condition)
		origin.send(st.error_reply(stanza, "cancel", condition));
		return true;
	end
	if not main then return refuse("service-unavailable"); end
	if util.is_admin(occupant.bare_jid) then return; end
	if room ~= main and origin.jitsi_breakout_main_jid ~= main.jid then return refuse("not-allowed"); end
	local resource = jid.resource(stanza.attr.to);
	local others = { main };
	for breakout_jid in each_breakout(main) do table.insert(others, util.get_room_from_jid(breakout_jid)); end
	for _, other in pairs(others) do
		if other ~= room and name_is_taken(other, resource, occupant.bare_jid) then return refuse("conflict"); end
	end
end

local function somebody_is_left(main)
	if next(people(main)) then return true; end
	for breakout_jid in each_breakout(main) do
		if next(people(util.get_room_from_jid(breakout_jid))) then return true; end
	end
	return false;
end

local function joined(event)
	local main = main_room_of(event.room.jid);
	if not main or util.is_admin(event.occupant.bare_jid) then return; end
	if event.room == main then event.origin.jitsi_breakout_main_jid = main.jid; end
	if main._data.breakout_rooms_active then announce(main); end
end

local function left(event)
	local main = main_room_of(event.room.jid);
	if not main or not main._data.breakout_rooms_active then return; end
	if not util.is_admin(event.occupant.bare_jid) then announce(main); end
	if somebody_is_left(main) then return; end
	module:add_timer(deserted_after, function ()
		if main.destroying or somebody_is_left(main) then return; end
		prosody.events.fire_event("maybe-destroy-room", {
			room = main; reason = "All occupants left."; caller = module:get_name();
		});
	end);
end

-- Others hear of somebody leaving, and to where, before the seat is free.
local function leaving(event)
	prosody.events.fire_event("jitsi-breakout-occupant-leaving", {
		room = event.room; main_room = main_room_of(event.room.jid); occupant = event.occupant;
		stanza = event.stanza; session = event.origin;
	});
end

module:hook_global("maybe-destroy-room", function (event)
	if event.caller == module:get_name() then return; end
	for breakout_jid in each_breakout(event.room) do
		local breakout = util.get_room_from_jid(breakout_jid);
		if breakout and breakout:has_occupant() then return true; end
	end
end);

local function describe_breakout(event)
	local _, main_jid = main_room_of(event.room.jid);
	local address = main_jid and util.internal_room_jid_match_rewrite(main_jid);
	local fields = { ["muc#roominfo_isbreakout"] = true; ["muc#roominfo_breakout_main_room"] = address };
	for name, value in pairs(fields) do
		local kind = value == true and "boolean" or "text-single";
		table.insert(event.form, { name = name; label = name; type = kind; value = value });
		if event.formdata then event.formdata[name] = value; end
	end
end

local function breakout_ready(muc, context)
	module:add_identity("component", identity, breakout_host);
	context:hook("message/host", on_message);
	context:hook("muc-room-pre-create", only_announced_rooms);
	context:hook("muc-occupant-pre-leave", leaving);
	context:hook("muc-disco#info", describe_breakout);
	context:hook("muc-config-form", describe_breakout);
	context:hook("host-disco-info-node", function (event)
		if event.node == identity and event.origin.jitsi_web_query_room then
			event.reply:tag("feature", { var = "http://jitsi.org/protocol/breakout_rooms#rename" }):up();
		end
		event.exists = true;
	end);
	function muc.room_mt.get_members_only(room)
		local main = main_room_of(room.jid);
		return main and main:get_members_only();
	end
	function muc.room_mt.get_affiliation(room, address)
		local main = main_room_of(room.jid);
		return main and main:get_affiliation(address) or "none";
	end
end

local function both(context)
	context:hook("muc-occupant-pre-join", before_join);
	context:hook("muc-occupant-pre-change", before_join);
	context:hook("muc-occupant-joined", joined);
	context:hook("muc-occupant-left", left);
end

util.process_host_module(breakout_host, function (context, host)
	both(context);
	local modules = prosody.hosts[host].modules;
	if modules.muc then return breakout_ready(modules.muc, context); end
	prosody.hosts[host].events.add_handler("module-loaded", function (event)
		if event.module == "muc" then breakout_ready(prosody.hosts[host].modules.muc, context); end
	end);
end);
util.process_host_module(main_host, function (context)
	both(context);
	context:hook("muc-room-destroyed", function (event)
		for breakout_jid in pairs(util.table_shallow_copy(event.room._data.breakout_rooms)) do
			remove(event.room, breakout_jid, event.reason);
		end
	end, 1);
end);
