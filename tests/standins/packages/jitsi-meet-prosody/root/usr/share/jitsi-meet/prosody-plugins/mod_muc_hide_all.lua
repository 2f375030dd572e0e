-- STAND-IN. Rooms do not show in lists, and strangers learn nothing about a room.
local jid = require "util.jid";
local st = require "util.stanza";
local util = module:require "util";

module:hook("muc-room-pre-create", function (event) event.room:set_hidden(true); end, -1);

local function refuse_strangers(event)
	local room = util.get_room_from_jid(jid.bare(event.stanza.attr.to));
	if room and not room:get_occupant_by_real_jid(event.stanza.attr.from) then
		event.origin.send(st.error_reply(event.stanza, "auth", "forbidden"));
		return true;
	end
end
local query = "http://jabber.org/protocol/disco#info:query";
module:hook("iq-get/bare/" .. query, refuse_strangers, 1);
module:hook("iq-get/host/" .. query, refuse_strangers, 1);
