-- STAND-IN. Maps room@conference.tenant.base to [tenant]room@conference.base and back.
local filters = require "util.filters";

if not module:get_option_string("muc_mapper_domain_base") then
	module:log("warn", "muc_mapper_domain_base is not set: the mapper does nothing");
	return;
end
local util = module:require "util";
local inward, outward = util.room_jid_match_rewrite, util.internal_room_jid_match_rewrite;

local function on_the_way_out(stanza)
	if stanza.attr and (stanza.name == "message" or stanza.name == "iq" or stanza.name == "presence") then
		local conference = stanza.name == "iq" and stanza:get_child("conference");
		if conference and conference.attr.room then
			conference.attr.room = inward(conference.attr.room);
		end
		if stanza.attr.to then stanza.attr.to = inward(stanza.attr.to); end
		if stanza.attr.from then stanza.attr.from = outward(stanza.attr.from); end
	end
	return stanza;
end
local function filter_session(session) filters.add_filter(session, "stanzas/out", on_the_way_out); end
function module.load() filters.add_filter_hook(filter_session); end
function module.unload() filters.remove_filter_hook(filter_session); end

local function rewrite_to(event)
	if event.stanza.attr.to then event.stanza.attr.to = inward(event.stanza.attr.to); end
end
local function rewrite_from(event)
	if event.stanza.attr.from then event.stanza.attr.from = outward(event.stanza.attr.from); end
end

local function add_host(host)
	local context = module:context(host);
	for _, kind in ipairs { "message", "presence", "iq" } do
		for _, part in ipairs { "host", "bare", "full" } do
			context:hook(kind .. "/" .. part, rewrite_from);
			context:hook("pre-" .. kind .. "/" .. part, rewrite_to);
		end
	end
end
prosody.events.add_handler("host-activated", add_host);
for host in pairs(prosody.hosts) do add_host(host); end
