-- STAND-IN. Keeps an empty main room alive while somebody waits in its lobby.
module:depends("room_destroy");
local util = module:require "util";

local main_host = module:get_option_string("main_muc");
local lobby_host = module:get_option_string("lobby_muc");
if not main_host or not lobby_host then
	module:log("error", "lobby_muc or main_muc is not set: no persistent lobby");
	return;
end

local function somebody_waits(room)
	local lobby = room._data.lobbyroom and util.get_room_from_jid(room._data.lobbyroom);
	return lobby and lobby:has_occupant();
end

local function end_if_deserted(room)
	if not room or room.destroying or not room._data.persist_lobby
		or util.is_healthcheck_room(room.jid) then return; end
	if not room:has_occupant() and not somebody_waits(room) then
		prosody.events.fire_event("maybe-destroy-room", {
			room = room; reason = "main room and lobby now empty"; caller = module:get_name();
		});
	end
end

util.process_host_module(main_host, function (muc)
	muc:hook("muc-occupant-left", function (event) end_if_deserted(event.room); end);
end);
util.process_host_module(lobby_host, function (muc)
	muc:hook("muc-occupant-left", function (event)
		local main = event.room.main_room_jid;
		if main then end_if_deserted(util.get_room_from_jid(main)); end
	end);
end);

module:hook_global("create-persistent-lobby-room", function (event)
	prosody.events.fire_event("create-lobby-room", event);
	event.room._data.persist_lobby = true;
	event.room:set_persistent(true);
end);

module:hook_global("maybe-destroy-room", function (event)
	if event.caller ~= module:get_name() and event.room._data.persist_lobby
		and somebody_waits(event.room) then return true; end
end);
