-- STAND-IN. A room takes no more than muc_max_occupants; the whitelist does not count.
local jid = require "util.jid";
local st = require "util.stanza";
local util = module:require "util";

local limit = module:get_option_number("muc_max_occupants", -1);
local whitelist = module:get_option_set("muc_access_whitelist", {});
if limit <= 0 then return; end

local function is_free(address)
	return whitelist:contains(jid.host(address)) or whitelist:contains(jid.bare(address));
end

module:hook("muc-occupant-pre-join", function (event)
	local room, from = event.room, event.stanza.attr.from;
	if util.is_healthcheck_room(room.jid) or is_free(from) then return; end
	local slots = room._data.max_occupants or limit;
	for _, occupant in room:each_occupant() do
		if not is_free(occupant.bare_jid) then slots = slots - 1; end
	end
	if slots <= 0 then
		module:log("info", "Attempt to enter a maxed out room");
		event.origin.send(st.error_reply(event.stanza, "cancel", "service-unavailable"));
		return true;
	end
end, 10);
