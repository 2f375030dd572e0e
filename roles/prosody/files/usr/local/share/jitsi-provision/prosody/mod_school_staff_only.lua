-- mod_school_staff_only: a component takes commands from staff only.
--
-- Enabled on the components that moderate: microphones, breakout rooms, the end of a conference, what
-- a room is about. Jitsi's plugins refuse guests themselves, but write the guest's address and the
-- room's name to the log, as a warning. Here nothing is written.
--
-- Options:
--   school_staff_host     the password host; default: muc_mapper_domain_base
--   school_service_host   where focus and bridge have their accounts; default: auth. + the former

local jid = require "util.jid";
local st = require "util.stanza";

local staff_host = module:get_option_string("school_staff_host",
	module:get_option_string("muc_mapper_domain_base"));
local service_host = module:get_option_string("school_service_host", "auth." .. staff_host);

module:hook("message/host", function (event)
	local origin, stanza = event.origin, event.stanza;
	local from = jid.host(stanza.attr.from);
	if stanza.attr.type == "error" or from == staff_host or from == service_host then return; end
	if origin.type ~= "c2s" then return; end -- another part of this server
	origin.send(st.error_reply(stanza, "auth", "forbidden"));
	return true;
end, 100);
