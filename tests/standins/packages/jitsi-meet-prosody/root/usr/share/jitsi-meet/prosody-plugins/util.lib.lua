-- STAND-IN. The helpers that Jitsi's Prosody modules share; own text, same names and results.
local jid = require "util.jid";
local st = require "util.stanza";

local lib = {};

local prefix = module:get_option_string("muc_mapper_domain_prefix", "conference");
local base = module:get_option_string("muc_mapper_domain_base", module.host);
local main_muc = module:get_option_string("muc_mapper_domain", prefix .. "." .. base);
local global_admins = module:context("*"):get_option_set("admins", {}) / jid.prep;
local admins = module:get_option_inherited_set("admins", {}) / jid.prep;
local recorders = module:get_option_inherited_set("recorder_prefixes",
	{ "recorder@recorder.", "jibria@recorder.", "jibrib@recorder." });
local transcribers = module:get_option_inherited_set("transcriber_prefixes",
	{ "transcriber@recorder.", "transcribera@recorder.", "transcriberb@recorder." });

local function literal(text) return (text:gsub("%p", "%%%0")); end
local tenant_host = "^" .. literal(prefix) .. "%.([^%.]+)%." .. literal(base) .. "$";

function lib.starts_with(text, start) return text ~= nil and text:sub(1, #start) == start; end
function lib.ends_with(text, ending) return text ~= nil and (ending == "" or text:sub(-#ending) == ending); end
function lib.starts_with_one_of(text, prefixes)
	if not text or not prefixes then return false; end
	for entry in (prefixes.items and prefixes or require "util.set".new(prefixes)):items() do
		if lib.starts_with(text, entry) then return entry; end
	end
	return false;
end

function lib.is_admin(address)
	local bare = jid.bare(address);
	return global_admins:contains(bare) or admins:contains(bare);
end
function lib.is_focus(nick) return lib.ends_with(nick, "/focus"); end
function lib.is_focus_nick(resource) return resource == "focus"; end
function lib.is_focus_jid(address) return jid.node(address) == "focus"; end
function lib.is_healthcheck_room(room_jid) return lib.starts_with(room_jid, "__jicofo-health-check"); end
function lib.is_jibri(who) return lib.starts_with_one_of(type(who) == "string" and who or who.jid, recorders); end
function lib.is_transcriber(address) return lib.starts_with_one_of(address, transcribers); end
function lib.is_moderated() return false; end
function lib.is_vpaas() return false; end
function lib.is_sip_jigasi(stanza) return stanza and stanza:get_child("initiator", "http://jitsi.org/protocol/jigasi"); end
function lib.is_sip_jibri_join() return false; end
function lib.is_feature_allowed(feature, features, is_moderator)
	if not features then return is_moderator; end
	return features[feature] == true or features[feature] == "true";
end

-- "[tenant]room" -> tenant, room
function lib.extract_subdomain(node)
	local tenant, room = node:match("^%[([^%]]+)%](.+)$");
	return tenant, room or node;
end
function lib.room_jid_split_subdomain(room_jid)
	local node, host, resource = jid.split(room_jid);
	return node, host, resource, host and host:match(tenant_host);
end
-- room@conference.tenant.base -> [tenant]room@conference.base
function lib.room_jid_match_rewrite(room_jid)
	local node, _, resource, tenant = lib.room_jid_split_subdomain(room_jid);
	if not tenant then return room_jid; end
	return jid.join(node and ("[" .. tenant .. "]" .. node), main_muc, resource);
end
-- and back
function lib.internal_room_jid_match_rewrite(room_jid)
	local node, host, resource = jid.split(room_jid);
	if host ~= main_muc or not node then return room_jid; end
	local tenant, room = lib.extract_subdomain(node);
	if not tenant then return room_jid; end
	return jid.join(room, prefix .. "." .. tenant .. "." .. base, resource);
end
function lib.build_room_address(room, domain, tenant)
	local address = jid.join(room, prefix .. "." .. domain);
	return (tenant and tenant ~= "") and ("[" .. tenant .. "]" .. address) or address;
end

function lib.get_room_from_jid(room_jid)
	local host = prosody.hosts[jid.host(room_jid)];
	local muc = host and host.modules and host.modules.muc;
	return muc and muc.get_room_from_jid(room_jid);
end
function lib.get_room_by_name_and_subdomain(room, tenant)
	local node = (tenant and tenant ~= "" and tenant ~= base) and ("[" .. tenant .. "]" .. room) or room;
	return lib.get_room_from_jid(jid.join(node, main_muc));
end
function lib.get_focus_occupant(room) return room:get_occupant_by_nick(room.jid .. "/focus"); end
function lib.get_occupant_by_real_jid(room, address)
	local found = room:get_occupant_by_real_jid(address);
	if found then return found, room; end
	for breakout_jid in pairs(room._data.breakout_rooms or {}) do
		local breakout = lib.get_room_from_jid(breakout_jid);
		found = breakout and breakout:get_occupant_by_real_jid(address);
		if found then return found, breakout; end
	end
	return nil, nil;
end

-- Calls back for a host that is there, or as soon as it is.
function lib.process_host_module(name, callback)
	local function ready(host)
		if host == name then callback(module:context(host), host); end
	end
	if prosody.hosts[name] then
		ready(name);
	else
		prosody.events.add_handler("host-activated", ready, -100);
	end
end

function lib.presence_check_status(muc_x, code)
	if not muc_x then return false; end
	for status in muc_x:childtags("status") do
		if status.attr.code == code then return true; end
	end
	return false;
end
function lib.respond_iq_result(origin, stanza) origin.send(st.reply(stanza)); end
function lib.get_ip(session) return session.ip; end
function lib.split_string(text, delimiter)
	local parts = require "util.array"();
	for part in (text .. delimiter):gmatch("(.-)" .. delimiter) do parts:push(part); end
	return parts;
end
function lib.table_add(target, more) for _, value in ipairs(more) do table.insert(target, value); end end
function lib.table_shallow_copy(source)
	local copy = {};
	for key, value in pairs(source or {}) do copy[key] = value; end
	return copy;
end
function lib.table_find(list, wanted)
	for index, value in ipairs(list or {}) do
		if value == wanted then return index; end
	end
end

return lib;
