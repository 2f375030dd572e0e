-- STAND-IN. Whoever is on the list needs no room password.
local jid = require "util.jid";
local whitelist = module:get_option_set("muc_password_whitelist");
local muc_ns = "http://jabber.org/protocol/muc";

module:hook("muc-occupant-pre-join", function (event)
	local from, password = event.stanza.attr.from, event.room:get_password();
	if not whitelist or not password then return; end
	if not whitelist:contains(jid.host(from)) and not whitelist:contains(jid.bare(from)) then return; end
	local join = event.stanza:get_child("x", muc_ns);
	if not join then return; end
	join:remove_children("password", muc_ns);
	join:tag("password", { xmlns = muc_ns }):text(password);
end, -7); -- after the lobby (-4), before the password check (-20)
