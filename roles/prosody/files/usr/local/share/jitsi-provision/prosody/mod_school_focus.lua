-- mod_school_focus: what people may ask of the focus.
--
-- Enabled on the component that hands requests on to the focus. It hands on whatever comes to any
-- address of its own, and the focus obeys: asked for the room where the bridges are, it enters that
-- as if it were a lesson, and no lesson has sound any more. What this promises:
--   * A browser speaks to the component itself, not to an address below it that other modules do
--     not look at.
--   * It asks for conferences and breakout rooms, and for nothing else.
--   * Where the focus or the only bridge starts again just now, a request waits for it: refused, the
--     page would begin anew some times, with a class behind it.
--
-- Options:
--   school_focus_patience  seconds that a request waits for focus and bridge at most; 45
--   school_bridge_warm     a file that is there while the bridge is warm; default: none is asked for
--   school_brewery         the room where bridges announce themselves; default: jvbbrewery@internal. +
--                          the focus' host
--   main_muc, breakout_rooms_muc  the components with the rooms; default: conference. and breakout. +
--                                 muc_mapper_domain_base
--
-- Nothing here writes a name, an address or a room's name to the log.

local jid = require "util.jid";
local lfs = require "lfs";
local now = require "util.time".now;
local refuse = module:require "school_answers".refuse;

local domain = module:get_option_string("muc_mapper_domain_base");
local people = module:context(domain);
local main_muc = people:get_option_string("main_muc", "conference." .. domain);
local breakout_muc = people:get_option_string("breakout_rooms_muc", "breakout." .. domain);

local focus = module:get_option_string("target_address");
local brewery = module:get_option_string("school_brewery",
	focus and "jvbbrewery@internal." .. jid.host(focus));
local warm = module:get_option_string("school_bridge_warm");
local patience = focus and module:get_option_number("school_focus_patience", 45) or 0;

-- Signed in, and not only its connection of before that nobody has ended yet.
local function is_focus_here()
	local account = prosody.bare_sessions[focus];
	for _, session in pairs(account and account.sessions or {}) do
		if session.presence and session.conn then return true; end
	end
	return false;
end

local function is_bridge_here()
	local host = prosody.hosts[jid.host(brewery)];
	local room = host and host.modules.muc and host.modules.muc.get_room_from_jid(brewery);
	if not room then return false; end
	for _, occupant in room:each_occupant() do
		if occupant.bare_jid ~= focus then return true; end
	end
	return false;
end

-- A cold bridge fails its first conference, and then all who came begin anew, again and again.
local function is_bridge_warm()
	return not warm or lfs.attributes(warm, "mode") ~= nil;
end

local function can_begin()
	return is_focus_here() and is_bridge_here() and is_bridge_warm();
end

-- Only this request waits, not what the session sends besides: pings go on.
local function postpone(session, stanza)
	local last = now() + patience;
	session.school_request_waits = true;
	module:add_timer(0.25, function ()
		if session.type == "c2s" and now() < last and not can_begin() then return 0.25; end
		if session.type == "c2s" then prosody.core_post_stanza(session, stanza); end
		session.school_request_waits = nil;
	end);
	return true;
end

local function is_room(address)
	local node, host = jid.prepped_split(address);
	return node and (host == main_muc or host == breakout_muc)
		and not node:find("__jicofo-health-check", 1, true);
end

local function look(event)
	local session, stanza = event.origin, event.stanza;
	if session.type ~= "c2s" or (session.host ~= domain and session.host ~= "guest." .. domain) then return; end
	if stanza.attr.to ~= module.host then return refuse(event, "cancel", "not-allowed"); end
	if stanza.name ~= "iq" then return; end
	local request = stanza:get_child("conference", "http://jitsi.org/protocol/focus");
	if request and not is_room(request.attr.room) then return refuse(event, "modify", "bad-request"); end
	if request and patience > 0 and not session.school_request_waits and not can_begin() then
		return postpone(session, stanza);
	end
end

for _, kind in ipairs { "iq", "message", "presence" } do
	for _, part in ipairs { "host", "bare", "full" } do
		module:hook(kind .. "/" .. part, look, 1000);
	end
end
