-- STAND-IN. A component that hands requests on to a client's account, and its answers back.
if module:get_host_type() ~= "component" then
	error("client_proxy belongs on a component", 0);
end

local jid = require "util.jid";
local st = require "util.stanza";

local target = module:get_option_string("target_address");
local online = {}; -- resources of the target, in order of arrival

local function forget(resource)
	for index = #online, 1, -1 do
		if not resource or online[index] == resource then table.remove(online, index); end
	end
end

local function presence_of_target(stanza)
	local resource = jid.resource(stanza.attr.from);
	if stanza.attr.type == "error" then
		forget();
	elseif stanza.attr.type == "unavailable" then
		forget(resource);
	elseif not stanza.attr.type and resource then
		forget(resource);
		table.insert(online, resource);
	end
end

-- The asking client's whole address travels as the resource of the component.
local function from_target(stanza)
	local asker = jid.prep(jid.resource(stanza.attr.to) or "");
	if stanza.name == "iq" and (stanza.attr.type == "result" or stanza.attr.type == "error") then
		if asker then
			stanza.attr.from, stanza.attr.to = module.host, asker;
			module:send(stanza);
		end
	elseif stanza.attr.type ~= "error" then
		module:send(st.error_reply(stanza, "cancel", "feature-not-implemented"));
	end
end

local function to_target(stanza)
	local kind = stanza.attr.type;
	if stanza.name == "iq" then
		if kind ~= "get" and kind ~= "set" then return; end
		if #online == 0 then
			module:send(st.error_reply(stanza, "cancel", "service-unavailable"));
			return;
		end
		stanza.attr.from = module.host .. "/" .. stanza.attr.from;
		stanza.attr.to = target .. "/" .. online[math.random(#online)];
		module:send(stanza);
	elseif kind ~= "error" then
		local condition = stanza.name == "presence" and "bad-request" or "feature-not-implemented";
		module:send(st.error_reply(stanza, "cancel", condition));
	end
end

local function handle(event)
	local stanza = event.stanza;
	if jid.bare(stanza.attr.from) ~= target then
		to_target(stanza);
	elseif jid.resource(stanza.attr.to) then
		from_target(stanza);
	elseif stanza.name == "presence" then
		presence_of_target(stanza);
	elseif stanza.attr.type ~= "error" and stanza.attr.type ~= "result" then
		module:send(st.error_reply(stanza, "cancel", "bad-request"));
	end
	return true;
end

for _, kind in ipairs { "iq", "message", "presence" } do
	for _, part in ipairs { "bare", "full", "host" } do
		module:hook(kind .. "/" .. part, handle, -1);
	end
end

-- Asks to see the target; the roster entry made at installation answers.
module:send(st.presence { type = "subscribe", to = target, from = module.host });
