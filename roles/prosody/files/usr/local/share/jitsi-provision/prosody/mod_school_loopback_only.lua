-- mod_school_loopback_only: a host's accounts sign in from this machine only, over plain XMPP.
--
-- Enabled where focus and bridge have their accounts. Every browser of the world reaches Prosody
-- through nginx, whose connections come from this machine, too; so what counts is the port: only a
-- connection to one of XMPP's own, from a loopback address, is taken. Whatever else opens a stream
-- to this host, over a websocket, BOSH or anything still to come, is told that there is none, before
-- it hears how to sign in; and if it asks all the same, it is refused again.
--
-- Options:
--   c2s_ports   Prosody's own: the ports for plain XMPP; 5222
--
-- Nothing here logs a name or an address.

local ip = require "util.ip";
local st = require "util.stanza";

local ports = module:context("*"):get_option_set("c2s_ports", { 5222 }) / tonumber;
local xmlns_sasl = "urn:ietf:params:xml:ns:xmpp-sasl";

local function is_loopback(address)
	local parsed = ip.new_ip(address or "");
	return parsed ~= nil and parsed ~= false and parsed.scope == 0x2;
end

local function is_local(session)
	local conn = session.conn;
	return conn ~= nil and conn.serverport ~= nil and ports:contains(tonumber(conn:serverport()))
		and is_loopback(conn:ip()) and is_loopback(session.ip);
end

local function close(session)
	session:close { condition = "host-unknown", text = "This server does not serve " .. module.host };
end

module:hook("stream-features", function (event)
	if is_local(event.origin) then return; end
	-- Without any feature the end of the stream would be a warning in the log, at a stranger's will.
	event.features:tag("none", { xmlns = "urn:jitsi-provision:none" }):up();
	close(event.origin);
	return true;
end, 1000);

for _, element in ipairs { "auth", "response" } do
	module:hook("stanza/" .. xmlns_sasl .. ":" .. element, function (event)
		local session = event.origin;
		if is_local(session) then return; end
		session.send(st.stanza("failure", { xmlns = xmlns_sasl }):tag("not-authorized"));
		close(session);
		return true;
	end, 1000);
end
