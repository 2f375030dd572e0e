-- STAND-IN. Guests wait in the lobby until somebody with an account comes; then all are let in.
local jid = require "util.jid";
local util = module:require "util";

local base = module:get_option_string("muc_mapper_domain_base");
if not base then
	module:log("warn", "muc_mapper_domain_base is not set: nobody waits");
	return;
end

local function has_account(session, address)
	return session and (session.auth_token or (session.username and jid.host(address) == base));
end

if not module:get_option_boolean("wait_for_host_disable_auto_owners", false) then
	module:hook("muc-occupant-joined", function (event)
		if has_account(event.origin, event.occupant.bare_jid) then
			event.room:set_affiliation(true, event.occupant.bare_jid, "owner");
		end
	end, 2);
end

module:hook("muc-occupant-pre-join", function (event)
	local room, occupant, session = event.room, event.occupant, event.origin;
	if util.is_admin(occupant.bare_jid) or util.is_healthcheck_room(room.jid) or room.has_host then
		return;
	end
	for _, present in room:each_occupant() do
		if has_account(prosody.full_sessions[present.jid], present.bare_jid) then room.has_host = true; end
	end
	if room.has_host then return; end
	if module:fire_event("room_has_host", { room = room; occupant = occupant; session = session }) then
		room:set_members_only(false);
		room:set_persistent(false);
		occupant.role = room:get_default_role(room:get_affiliation(occupant.bare_jid)) or "participant";
		module:fire_event("room_host_arrived", room.jid, session);
		prosody.events.fire_event("destroy-lobby-room", {
			room = room; newjid = util.internal_room_jid_match_rewrite(room.jid);
			message = "Host arrived.";
		});
	elseif not room:get_members_only() then
		prosody.events.fire_event("create-persistent-lobby-room", {
			room = room; reason = "waiting-for-host"; skip_display_name_check = true;
		});
	end
end);

module:hook("room_has_host", function (event)
	if has_account(event.session, event.occupant.bare_jid) then return true; end
end);
