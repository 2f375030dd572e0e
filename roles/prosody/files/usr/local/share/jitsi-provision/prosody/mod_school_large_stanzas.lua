-- mod_school_large_stanzas: focus and bridge may say more at once than a browser.
--
-- Enabled on the host where only they have accounts. The focus describes what a whole class sends to
-- whoever comes last. Jitsi's limits_exception raises the limit at the same moment as Prosody sets
-- it, and which of the two comes last is chance; this comes after both.
--
-- Options:
--   unlimited_size   bytes of the largest stanza; default: 10 MiB, as in limits_exception

local size = module:get_option_number("unlimited_size", 10 * 1024 * 1024);

module:hook("authentication-success", function (event)
	local session = event.session;
	if not (session.stream and session.stream.set_stanza_size_limit) then return; end
	session.stanza_size_limit = size;
	session.stream:set_stanza_size_limit(size);
end, -100);
