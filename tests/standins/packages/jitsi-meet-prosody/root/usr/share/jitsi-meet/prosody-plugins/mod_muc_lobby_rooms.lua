-- STAND-IN. A waiting room beside every members-only room. Simple, but with the genuine stanzas,
-- events and room data: see lobby_view.lib.lua for who sees whom in the waiting room.
local jid = require "util.jid";
local json = require "util.json";
local st = require "util.stanza";
local util = module:require "util";
local levels = module:require "muc/util".valid_affiliations;

module:depends("jitsi_session");

local muc_ns = "http://jabber.org/protocol/muc";
local jitmeet_ns = "http://jitsi.org/jitmeet";
local lobby_host = module:get_option_string("lobby_muc");
local main_host = module:get_option_string("main_muc");
if not lobby_host or not main_host then
	module:log("error", "lobby_muc or main_muc is not set: no lobby");
	return;
end
local whitelist = module:get_option_set("muc_lobby_whitelist", {});
local ask_name = module:get_option_boolean("muc_lobby_check_display_name_required", true);
local lobbies; -- the muc module of the lobby component, once it is there

-- Tells everybody in the main room what somebody did with the lobby.
local function notify(room, actor, event, value, name)
	local occupant = actor and room:get_occupant_by_real_jid(actor);
	if not occupant then return; end
	local text = json.encode({ type = "lobby-notify"; event = event; value = value; name = name });
	room:broadcast_message(st.message({ type = "groupchat"; from = occupant.nick })
		:tag("json-message", { xmlns = jitmeet_ns }):text(text):up());
end

-- 104: the configuration has changed, please look.
local function announce_change(room)
	room:broadcast_message(st.message({ type = "groupchat"; from = room.jid })
		:tag("x", { xmlns = muc_ns .. "#user" }):tag("status", { code = "104" }));
end

local function display_name(occupant)
	local presence = occupant and occupant:get_presence();
	return presence and presence:get_child_text("nick", "http://jabber.org/protocol/nick");
end

local function set_metadata(room, enabled, tell)
	room.jitsiMetadata = room.jitsiMetadata or {};
	room.jitsiMetadata.lobbyEnabled = enabled;
	if tell then module:context(main_host):fire_event("room-metadata-changed", { room = room }); end
end

local function open_lobby(room)
	local address = jid.join(jid.node(room.jid), lobby_host);
	if not lobbies or lobbies.get_room_from_jid(address) then return false; end
	local lobby = lobbies.create_room(address);
	-- Otherwise it would vanish whenever nobody waits.
	lobby:set_persistent(true);
	lobby.main_room_jid = room.jid;
	room._data.lobbyroom = lobby.jid;
	room:save(true);
	return true;
end

local function close_lobby(room, new_address, message)
	local lobby = lobbies and room._data.lobbyroom and lobbies.get_room_from_jid(room._data.lobbyroom);
	if lobby then
		lobby:set_persistent(false);
		lobby:destroy(new_address, message or "Lobby room closed.");
		if room.jitsiMetadata then set_metadata(room, false, true); end
	end
	room._data.lobbyroom = nil;
	room._data.lobby_extra_reason = nil;
	room._data.lobby_skip_display_name_check = nil;
end

local function configured(event)
	local room, actor = event.room, event.actor;
	if util.is_focus_jid(actor) then return; end
	if event.fields["muc#roomconfig_membersonly"] then
		if not room._data.lobby_disabled and open_lobby(room) then
			module:fire_event("jitsi-lobby-enabled", { room = room });
			event.status_codes["104"] = true;
			notify(room, actor, "LOBBY-ENABLED", true);
			set_metadata(room, true, true);
		end
	elseif room._data.lobbyroom then
		-- Those who wait are sent to the main room.
		close_lobby(room, util.internal_room_jid_match_rewrite(room.jid));
		module:fire_event("jitsi-lobby-disabled", { room = room });
		notify(room, actor, "LOBBY-ENABLED", false);
	end
end

local function send_to_lobby(event)
	local room, stanza = event.room, event.stanza;
	local reply = st.error_reply(stanza, "auth", "registration-required");
	reply.tags[1].attr.code = "407";
	if room._data.lobby_extra_reason then
		reply:tag(room._data.lobby_extra_reason, { xmlns = jitmeet_ns }):up();
	end
	reply:tag("lobbyroom", { xmlns = jitmeet_ns }):text(room._data.lobbyroom):up():up();
	-- Once more outside the error, for old clients.
	reply:tag("lobbyroom"):text(room._data.lobbyroom):up();
	event.origin.send(reply:tag("x", { xmlns = muc_ns }));
	return true;
end

local function is_expected(room, from, password)
	return whitelist:contains(jid.host(from)) or whitelist:contains(jid.bare(from))
		or (password and password == room:get_password());
end

local function before_join(event)
	local room, occupant, stanza = event.room, event.occupant, event.stanza;
	local join = stanza:get_child("x", muc_ns);
	if util.is_healthcheck_room(room.jid) or not room:get_members_only()
		or util.is_focus(occupant.nick) or not join then return; end
	local from = stanza.attr.from;
	local level = levels[room:get_affiliation(from) or "none"];
	local password = join:get_child_text("password", muc_ns);
	if is_expected(room, from, password) then
		if level <= levels.member then
			occupant.role = "participant";
			room:set_affiliation(true, jid.bare(from), "member");
			room:save_occupant(occupant);
			return;
		end
	elseif room:get_password() and level >= levels.member and not password then
		join:tag("password", { xmlns = muc_ns }):text(room:get_password());
	end
	local name = stanza:get_child_text("nick", "http://jabber.org/protocol/nick");
	if (name or "") == "" and not room._data.lobby_skip_display_name_check then
		local reply = st.error_reply(stanza, "modify", "not-acceptable");
		reply.tags[1].attr.code = "406";
		reply:tag("displayname-required", { xmlns = jitmeet_ns; lobby = "true" }):up():up();
		event.origin.send(reply:tag("x", { xmlns = muc_ns }));
		return true;
	end
	if level == levels.none then return send_to_lobby(event); end
end

-- Prosody itself makes the invited a member; here the room only learns who was let in.
local function invited(event)
	local room, stanza = event.room, event.stanza;
	local lobby = lobbies and room._data.lobbyroom and lobbies.get_room_from_jid(room._data.lobbyroom);
	local waiting = lobby and lobby:get_occupant_by_real_jid(stanza.attr.to);
	if not waiting then return; end
	local invite = stanza:get_child("x", muc_ns .. "#user"):get_child("invite");
	notify(room, invite.attr.from, "LOBBY-ACCESS-GRANTED", waiting.nick, display_name(waiting));
end

-- Jitsi's client puts several invitations or changes into one stanza; Prosody takes one each.
local function one_by_one(event, parent_of, is_entry, handle)
	local origin, stanza = event.origin, event.stanza;
	local room = util.get_room_from_jid(jid.bare(stanza.attr.to));
	local parent = room and parent_of(stanza);
	if not parent then return; end
	local count = 0;
	for _, entry in ipairs(parent.tags) do if is_entry(entry) then count = count + 1; end end
	if count < 2 then return; end
	local failure;
	local quiet = setmetatable({ send = function (reply)
		if reply.attr.type == "error" then failure = failure or reply; end
	end }, { __index = origin });
	for wanted = 1, count do
		local copy, number = st.clone(stanza), 0;
		parent_of(copy):maptags(function (entry)
			if not is_entry(entry) then return entry; end
			number = number + 1;
			return number == wanted and entry or nil;
		end);
		handle(room, quiet, copy);
	end
	if stanza.name == "iq" then origin.send(failure or st.reply(stanza)); end
	return true;
end

local function several_invites(event)
	local kind = event.stanza.attr.type;
	if kind and kind ~= "normal" then return; end
	return one_by_one(event,
		function (stanza) return stanza:get_child("x", muc_ns .. "#user"); end,
		function (entry) return entry.name == "invite" and entry.attr.to; end,
		function (room, origin, stanza) room:handle_mediated_invite(origin, stanza); end);
end

local function several_changes(event)
	return one_by_one(event,
		function (stanza) return stanza:get_child("query", muc_ns .. "#admin"); end,
		function (entry) return entry.name == "item"; end,
		function (room, origin, stanza) room:handle_admin_query_set_command(origin, stanza); end);
end

util.process_host_module(main_host, function (muc)
	muc:hook("muc-config-submitted", configured);
	muc:hook("muc-room-destroyed", function (event) close_lobby(event.room); end, 1);
	muc:hook("muc-disco#info", function (event)
		if not event.room._data.lobbyroom or not event.room:get_members_only() then return; end
		table.insert(event.form, { name = "muc#roominfo_lobbyroom"; label = "Lobby"; value = "" });
		event.formdata["muc#roominfo_lobbyroom"] = event.room._data.lobbyroom;
	end);
	muc:hook("muc-occupant-pre-join", before_join, -4); -- Prosody's own check is at -5
	muc:hook("muc-invite", invited);
	local admin = muc_ns .. "#admin:query";
	muc:hook("iq-set/bare/" .. admin, several_changes, 1);
	muc:hook("message/bare", several_invites, 1);
end);

local function lobby_ready(muc, context)
	lobbies = muc;
	module:require "lobby_view".start(muc, main_host, lobby_host);
	module:add_identity("component", "lobbyrooms", lobby_host);
	context:hook("muc-broadcast-presence", function (event)
		local room = util.get_room_from_jid(event.room.main_room_jid or "");
		if room and util.presence_check_status(event.x, "307") then
			notify(room, event.actor, "LOBBY-ACCESS-DENIED", event.occupant.nick,
				display_name(event.occupant));
		end
	end);
	context:hook("host-disco-info-node", function (event)
		local session = event.origin;
		if event.node == "lobbyrooms" and session.jitsi_web_query_room then
			local room = util.get_room_by_name_and_subdomain(
				session.jitsi_web_query_room, session.jitsi_web_query_prefix);
			if ask_name and room and room._data.lobbyroom then
				event.reply:tag("feature",
					{ var = "http://jitsi.org/protocol/lobbyrooms#displayname_required" }):up();
			end
		end
		event.exists = true;
	end);
end

util.process_host_module(lobby_host, function (context, host)
	local modules = prosody.hosts[host].modules;
	if modules.muc then return lobby_ready(modules.muc, context); end
	prosody.hosts[host].events.add_handler("module-loaded", function (event)
		if event.module == "muc" then lobby_ready(prosody.hosts[host].modules.muc, context); end
	end);
end);

module:hook_global("create-lobby-room", function (event)
	local room = event.room;
	-- Whoever is inside stays inside.
	for _, occupant in room:each_occupant() do
		if levels[room:get_affiliation(occupant.bare_jid) or "none"] < levels.member then
			room:set_affiliation(true, occupant.bare_jid, "member");
		end
	end
	room:set_members_only(true);
	room._data.lobby_extra_reason = event.reason;
	room._data.lobby_skip_display_name_check = event.skip_display_name_check;
	set_metadata(room, true, false);
	announce_change(room);
	open_lobby(room);
end);

module:hook_global("destroy-lobby-room", function (event)
	close_lobby(event.room, event.newjid, event.message);
	announce_change(event.room);
end);
