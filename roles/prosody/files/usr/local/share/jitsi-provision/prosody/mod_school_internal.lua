-- mod_school_internal: only the component's admins enter its rooms.
--
-- Enabled on the component where bridges announce themselves to the focus. Without it any guest
-- could join there, read about the bridges, and offer itself to the focus as one.

local jid = require "util.jid";
local refuse = module:require "school_answers".refuse;

local admins = module:get_option_inherited_set("admins", {}) / jid.prep;

local function only_admins(event)
	if admins:contains(jid.bare(event.stanza.attr.from)) then return; end
	return refuse(event, "auth", "forbidden");
end

for _, kind in ipairs { "presence", "message", "iq" } do
	for _, target in ipairs { "host", "bare", "full" } do
		module:hook(kind .. "/" .. target, only_admins, 1000);
	end
end
