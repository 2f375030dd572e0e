-- STAND-IN. `prosodyctl mod_roster_command subscribe A B`: A sees when B is there.
if module.host ~= "*" then
	module:log("error", "mod_roster_command is for prosodyctl only");
	return;
end

local jid = require "util.jid";
local rostermanager = require "core.rostermanager";
local storagemanager = require "core.storagemanager";
local usermanager = require "core.usermanager";
local warn = require "util.prosodyctl".show_warning;

prosody.bare_sessions = prosody.bare_sessions or {};
_G.bare_sessions = _G.bare_sessions or prosody.bare_sessions;

local function ready(host)
	local entry = prosody.hosts[host];
	if entry and entry.users and entry.users.name == "null" then
		storagemanager.initialize_host(host);
		usermanager.initialize_host(host);
	end
	return entry;
end

local function subscribe(watcher, watched)
	local watcher_node, watcher_host = jid.split(watcher);
	local watched_node, watched_host = jid.split(watched);
	if not ready(watcher_host) then
		warn("The host '%s' is not configured for this server.", watcher_host);
		return;
	end
	-- A component has no roster, so only the side with an account is written.
	if watcher_node then
		rostermanager.set_contact_pending_out(watcher_node, watcher_host, watched);
	end
	if ready(watched_host) then
		rostermanager.set_contact_pending_in(watched_node, watched_host, watcher);
		rostermanager.subscribed(watched_node, watched_host, watcher);
		if watcher_node then
			rostermanager.process_inbound_subscription_approval(watcher_node, watcher_host, watched);
		end
	end
end

local function unsubscribe(watcher, watched)
	local watcher_node, watcher_host = jid.split(watcher);
	local watched_node, watched_host = jid.split(watched);
	if ready(watcher_host) and watcher_node then
		rostermanager.unsubscribe(watcher_node, watcher_host, watched);
	end
	if ready(watched_host) and watched_node then
		rostermanager.unsubscribed(watched_node, watched_host, watcher);
	end
end

function module.command(arg)
	local command, first, second = arg[1], arg[2], arg[3];
	if command == "subscribe" then
		subscribe(first, second);
	elseif command == "subscribe_both" then
		subscribe(first, second);
		subscribe(second, first);
	elseif command == "unsubscribe" then
		unsubscribe(first, second);
	elseif command == "unsubscribe_both" then
		unsubscribe(first, second);
		unsubscribe(second, first);
	elseif command then
		warn("Unknown command: %s", command);
		return 1;
	else
		warn("Commands: subscribe, subscribe_both, unsubscribe, unsubscribe_both");
	end
	return 0;
end
