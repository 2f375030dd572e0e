-- STAND-IN. A moderator's <end_conference/> message ends the room for all.
local util = module:require "util";
local main_host = module:get_option_string("muc_mapper_domain_base");
if not module:get_option_string("muc_component") or not main_host then
	module:log("error", "muc_component or muc_mapper_domain_base is not set");
	return;
end
module:depends("jitsi_session");

module:hook("message/host", function (event)
	local session, stanza = event.origin, event.stanza;
	if stanza.attr.type == "error" or not session.jitsi_web_query_room then return; end
	if not stanza:get_child("end_conference") then return; end
	local room = util.get_room_by_name_and_subdomain(
		session.jitsi_web_query_room, session.jitsi_web_query_prefix);
	local occupant = room and room:get_occupant_by_real_jid(stanza.attr.from);
	if occupant and occupant.role == "moderator" then
		room:destroy(nil, "The meeting has been terminated");
	end
	return true;
end);

util.process_host_module(main_host, function (host_module)
	host_module:fire_event("jitsi-add-identity", { name = "end_conference"; host = module.host });
end);
