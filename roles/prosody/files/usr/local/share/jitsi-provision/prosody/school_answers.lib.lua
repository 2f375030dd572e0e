-- How modules of ours answer what they do not let pass.

local st = require "util.stanza";

local lib = {};

-- Ends what happens to a stanza, with an error for whoever waits for an answer. To what is an answer
-- itself there is none.
function lib.refuse(event, kind, condition)
	local stanza = event.stanza;
	if stanza.attr.type ~= "error" and stanza.attr.type ~= "result" then
		event.origin.send(st.error_reply(stanza, kind, condition));
	end
	return true;
end

return lib;
