-- STAND-IN. Gives everybody who enters a room its metadata, the TURN servers included.
local array = require "util.array";
local datetime = require "util.datetime";
local jid = require "util.jid";
local json = require "util.json";
local st = require "util.stanza";
local util = module:require "util";

local external_services = module:depends("external_services");
local main_host = module:get_option_string("muc_mapper_domain_base");
local muc_component = module:get_option_string("muc_component");
if not main_host or not muc_component then
	module:log("error", "muc_component or muc_mapper_domain_base is not set");
	return;
end

local function services()
	local list = array();
	for _, service in ipairs(external_services.get_services()) do
		list:push({
			type = service.type; transport = service.transport; host = service.host;
			port = service.port and string.format("%d", service.port);
			username = service.username; password = service.password;
			expires = service.expires and datetime.datetime(service.expires);
		});
	end
	return list;
end

local function send(room, occupant, first)
	local metadata = util.table_shallow_copy(room.jitsiMetadata);
	if first then metadata.services = services(); end
	local text = json.encode({ type = "room_metadata"; metadata = metadata });
	module:send(st.message({ from = module.host; to = occupant.jid })
		:tag("json-message", {
			xmlns = "http://jitsi.org/jitmeet"; room = util.internal_room_jid_match_rewrite(room.jid);
		}):text(text):up());
end

local function hook_rooms(muc)
	muc:hook("muc-occupant-joined", function (event)
		if not util.is_healthcheck_room(event.room.jid) then send(event.room, event.occupant, true); end
	end, -10);
	muc:hook("room-metadata-changed", function (event)
		for _, occupant in event.room:each_occupant() do send(event.room, occupant, false); end
	end);
end
util.process_host_module(muc_component, hook_rooms);
local breakout = module:get_option_string("breakout_rooms_component");
if breakout then util.process_host_module(breakout, hook_rooms); end

module:hook("message/host", function (event)
	local stanza = event.stanza;
	local wish = stanza:get_child("room_metadata", "http://jitsi.org/jitmeet");
	if stanza.attr.type == "error" or not wish then return; end
	local room = util.get_room_from_jid(util.room_jid_match_rewrite(wish.attr.room or ""));
	local occupant = room and room:get_occupant_by_real_jid(stanza.attr.from);
	local data = json.decode(wish:get_text() or "");
	if occupant and occupant.role == "moderator" and type(data) == "table" and data.key then
		room.jitsiMetadata = room.jitsiMetadata or {};
		room.jitsiMetadata[data.key] = data.data;
		module:context(jid.host(room.jid)):fire_event("room-metadata-changed", { room = room });
	end
	return true;
end);

util.process_host_module(main_host, function (host_module)
	host_module:fire_event("jitsi-add-identity", { name = "room_metadata"; host = module.host });
end);
