-- STAND-IN. Tells a new moderator, in the own presence, what is allowed. Loaded by muc_meeting_id.
local filters = require "util.filters";
local jid = require "util.jid";
local util = module:require "util";

local base = module:get_option_string("muc_mapper_domain_base");
local prefix = module:get_option_string("muc_mapper_domain_prefix", "conference");
if not base or module.host ~= prefix .. "." .. base then return; end

local permissions = module:get_option("jitsi_default_permissions", {
	livestreaming = true; recording = true; transcription = true; ["outbound-call"] = true;
	["create-polls"] = true; ["send-groupchat"] = true; flip = true; ["live-translation"] = true;
	["live-translation-subscribe"] = true;
});

local function is_moderator(muc_x)
	for item in muc_x:childtags("item") do
		if item.attr.role == "moderator" then return true; end
	end
	return false;
end

module:hook("muc-pre-set-affiliation", function (event)
	event.room.standin_tell = event.room.standin_tell or {};
	event.room.standin_tell[event.jid] = true;
end);

local function tell(stanza, session)
	if stanza.name ~= "presence" or stanza.attr.type == "unavailable" or not stanza.attr.to
		or util.is_focus(stanza.attr.from) then return stanza; end
	local to = jid.bare(stanza.attr.to);
	local muc_x = stanza:get_child("x", "http://jabber.org/protocol/muc#user");
	if util.is_admin(to) or not util.presence_check_status(muc_x, "110") or not is_moderator(muc_x) then
		return stanza;
	end
	local room = util.get_room_from_jid(util.room_jid_match_rewrite(jid.bare(stanza.attr.from)));
	if not room or not (room.standin_tell or {})[to] then return stanza; end
	room.standin_tell[to] = nil;
	session.jitsi_meet_context_features = session.jitsi_meet_context_features or permissions;
	stanza:tag("permissions", { xmlns = "http://jitsi.org/jitmeet" });
	for name, value in pairs(session.jitsi_meet_context_features) do
		stanza:tag("p", { name = name, val = tostring(value) }):up();
	end
	stanza:up();
	return stanza;
end

filters.add_filter_hook(function (session)
	-- After the domain mapper (0).
	filters.add_filter(session, "stanzas/out", tell, -2);
end);
