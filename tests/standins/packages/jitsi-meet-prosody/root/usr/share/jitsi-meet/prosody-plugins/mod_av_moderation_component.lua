-- STAND-IN. Announces moderation of microphones and cameras, and tells all that it is on; no more.
local json = require "util.json";
local st = require "util.stanza";
local util = module:require "util";

local main_host = module:get_option_string("muc_mapper_domain_base");
if not main_host then
	module:log("warn", "muc_mapper_domain_base is not set: nothing is announced");
	return;
end
module:depends("jitsi_session");

module:hook("message/host", function (event)
	local session, stanza = event.origin, event.stanza;
	local wish = stanza:get_child("av_moderation");
	if stanza.attr.type == "error" or not wish or not session.jitsi_web_query_room then return; end
	local room = util.get_room_by_name_and_subdomain(
		session.jitsi_web_query_room, session.jitsi_web_query_prefix);
	local occupant = room and room:get_occupant_by_real_jid(stanza.attr.from);
	if not occupant or occupant.role ~= "moderator" or not wish.attr.enable then return false; end
	local text = json.encode({
		type = "av_moderation"; enabled = wish.attr.enable == "true"; mediaType = wish.attr.mediaType;
		room = util.internal_room_jid_match_rewrite(room.jid);
		actor = util.internal_room_jid_match_rewrite(occupant.nick);
	});
	for _, each in room:each_occupant() do
		module:send(st.message({ from = module.host; to = each.jid })
			:tag("json-message", { xmlns = "http://jitsi.org/jitmeet" }):text(text):up());
	end
	return true;
end);

util.process_host_module(main_host, function (host_module)
	host_module:fire_event("jitsi-add-identity", { name = "av_moderation"; host = module.host });
end);
