-- mod_school_gate: what a browser may send, how much, and where to.
--
-- Enabled on the hosts that people sign in to. What it promises:
--   * Nothing goes from person to person: a browser speaks to the components and to its own
--     servers, never to the address of somebody else.
--   * Nothing can be left behind: contacts are refused before anything is looked up or written.
--   * One browser costs a bounded share of Prosody's only thread: stanzas come at a bounded rate
--     (the connection waits; nothing is lost), and none is larger than an honest one can be.
--
-- Options:
--   school_staff_host      the password host, to which everybody's questions may go;
--                          default: muc_mapper_domain_base
--   school_stanza_rate     stanzas a second, for as long as one likes; 20
--   school_stanza_burst    stanzas at once, as when somebody joins; 150
--   school_most_presences  rooms and places in rooms that one browser can be in at the same time; 32
--
-- Nothing here writes a name, an address or a room's name to the log.

local async = require "util.async";
local filters = require "util.filters";
local jid = require "util.jid";
local now = require "util.time".now;
local price = module:require "school_prices".price;
local refuse = module:require "school_answers".refuse;

local staff_host = module:get_option_string("school_staff_host",
	module:get_option_string("muc_mapper_domain_base"));
local rate = module:get_option_number("school_stanza_rate", 20);
local burst = module:get_option_number("school_stanza_burst", 150);
local most_presences = module:get_option_number("school_most_presences", 32);

-- { bytes, elements }. An honest presence has 4 kB, a text what a person writes, the description of
-- all that a browser sends and receives 20 kB. Many elements in few bytes cost the most: each is
-- copied for each reader.
local largest = { message = { 16384, 128 }, presence = { 16384, 256 }, iq = { 65536, 4096 } };
local deepest = 24;

-- More can arrive while a session waits, over BOSH, or without any wait, where Prosody answers by
-- itself: such a session ends when it is this many seconds ahead.
local patience = 20;

local function weigh(tag, depth)
	if depth > deepest then return math.huge, 1; end
	local bytes, elements = #tag.name + 3, 1;
	for key, value in pairs(tag.attr) do bytes = bytes + #key + #value + 4; end
	for _, child in ipairs(tag) do
		if type(child) == "string" then
			bytes = bytes + #child;
		else
			local more, parts = weigh(child, depth + 1);
			bytes, elements = bytes + more, elements + parts;
		end
	end
	return bytes, elements;
end

local function too_large(stanza)
	local limit = largest[stanza.name];
	local bytes, elements = weigh(stanza, 1);
	return bytes > limit[1] or elements > limit[2];
end

-- Seconds by which a session is ahead of its rate once another stanza is counted.
local function count(session, key, weight)
	local time = now();
	session[key] = math.max(session[key] or 0, time) + (weight or 1) / rate;
	return session[key] - time - burst / rate;
end

-- Whoever enters a room, even one they are in, is told of everybody there and the latest texts. What many
-- hear of counts more than once.
local function weight_of(stanza, session)
	local enters = stanza.name == "presence" and stanza:get_child("x", "http://jabber.org/protocol/muc");
	return math.max(enters and 10 or 1, price(stanza, session) / 10);
end

-- Returns whether the session is still there when its turn has come.
local function wait_for_turn(session, weight)
	if session.school_flooding then return false; end
	local ahead = count(session, "school_next", weight);
	if ahead > 0 and async.ready() then async.sleep(ahead); end
	return session.type == "c2s" and not session.school_flooding;
end

local function may_go(stanza)
	local to = stanza.attr.to;
	if not to then return stanza.name ~= "message"; end -- the own account
	local node, host = jid.split(to);
	local target = prosody.hosts[host];
	if target and target.type == "component" then return true; end
	return stanza.name == "iq" and not node and (host == module.host or host == staff_host);
end

local function one_presence_too_many(session, stanza)
	local to, already = stanza.attr.to, session.directed or {};
	if stanza.name ~= "presence" or stanza.attr.type or not to or already[to] then return false; end
	local number = 0;
	for _ in pairs(already) do number = number + 1; end
	return number >= most_presences;
end

module:hook("pre-stanza", function (event)
	local session, stanza = event.origin, event.stanza;
	local kind = stanza.attr.type;
	-- What is dropped from a session that ends is never its leaving: others would see it stay.
	if not wait_for_turn(session, weight_of(stanza, session)) then return kind ~= "unavailable" or nil; end
	if too_large(stanza) then return refuse(event, "modify", "policy-violation"); end
	if not may_go(stanza) then return refuse(event, "cancel", "not-allowed"); end
	if stanza.name == "presence" and kind and kind ~= "unavailable" and kind ~= "error" then
		return refuse(event, "cancel", "not-allowed"); -- contacts, which somebody would have to keep
	end
	if one_presence_too_many(session, stanza) then
		return refuse(event, "wait", "resource-constraint");
	end
end, 1000);

-- Acknowledgements are no stanzas, but take the same thread. One in eight waits: a browser sends
-- one for each five stanzas that it receives, and twenty people speak to it.
local function acknowledge(event)
	local session = event.origin;
	if session.type ~= "c2s" then return; end
	session.school_acknowledged = (session.school_acknowledged or 0) + 1;
	if session.school_acknowledged % 8 == 0 and not wait_for_turn(session) then return true; end
end
for _, version in ipairs { "2", "3" } do
	for _, name in ipairs { "r", "a" } do
		module:hook("stanza/urn:xmpp:sm:" .. version .. ":" .. name, acknowledge, 1000);
	end
end

-- What runs ahead all the same ends the session: over BOSH nothing stops reading while a session
-- waits; and over a websocket there are stanzas that Prosody answers before any module sees them.
local function runs_ahead(session)
	if session.school_flooding or count(session, "school_last") <= patience then return; end
	session.school_flooding = true;
	module:add_timer(0, function ()
		if not session.destroyed then session:close { condition = "policy-violation" }; end
	end);
end

-- Whoever has not signed in yet belongs to the guests; focus and bridge come by neither way.
local function belongs_here(session)
	if not (session.websocket_request or session.bosh_version) then return false; end
	return session.host == module.host
		or (session.type == "c2s_unauthed" and module.host ~= staff_host);
end

local function watch(session)
	filters.add_filter(session, "stanzas/in", function (stanza)
		if belongs_here(session) then runs_ahead(session); end
		return stanza;
	end);
end
filters.add_filter_hook(watch);
function module.unload() filters.remove_filter_hook(watch); end
