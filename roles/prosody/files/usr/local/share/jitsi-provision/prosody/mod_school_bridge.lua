-- mod_school_bridge: where the only bridge starts again, a lesson waits for it.
--
-- Enabled on the components with rooms. A focus without a bridge says so in its presence, and at that
-- every page in the room fails and begins anew, a class at once. It need not: the focus invites
-- everybody again by itself when the bridge is back, and people only miss sound and picture meanwhile.
-- What this promises:
--   * Nobody hears of a bridge that is back within some seconds, and nobody leaves the room for it.
--   * Where it stays away, everybody hears what the focus has said.
--
-- Options:
--   school_bridge_patience  seconds until people hear of it; 30
--
-- Nothing here writes a name, an address or a room's name to the log.

local now = require "util.time".now;
local jid = require "util.jid";
local st = require "util.stanza";

local patience = module:get_option_number("school_bridge_patience", 30);
local admins = module:get_option_inherited_set("admins", {}) / jid.prep;

local MARK, FOCUS = "bridgeNotAvailable", "http://jitsi.org/protocol/focus";
local held = {}; -- the focus' address in a room -> since when it is without a bridge, and its last word

local function is_mark(tag)
	return tag.name == MARK and tag.attr.xmlns == FOCUS;
end

local function tell(place, since)
	local word = held[place];
	if not word or word.since ~= since or word.session.type ~= "c2s" then return; end
	prosody.core_post_stanza(word.session, word.stanza);
end

-- Before the room reads it (mod_school_return does the same with what is meant for nobody else).
module:hook("presence/full", function (event)
	local session, stanza = event.origin, event.stanza;
	local place = stanza.attr.to;
	if not admins:contains(jid.bare(stanza.attr.from)) then return; end
	if stanza.attr.type or not stanza:get_child(MARK, FOCUS) then
		held[place] = nil;
		return;
	end
	local word = held[place];
	if word and now() - word.since >= patience then return; end
	if not word then
		local since = now();
		word = { since = since };
		held[place] = word;
		module:add_timer(patience, function () tell(place, since); end);
	end
	word.session, word.stanza = session, st.clone(stanza);
	stanza:maptags(function (tag) return not is_mark(tag) and tag or nil; end);
end, 1000);
