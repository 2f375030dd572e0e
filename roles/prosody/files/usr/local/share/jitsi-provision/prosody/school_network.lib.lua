-- What counts as one source: an IPv4 address, or the /64 that one IPv6 line has for itself; and how
-- large the share of a source is.
--
-- Options of the server as a whole:
--   school_networks          networks of the school (192.0.2.0/24), from where several classes come;
--                            none
--   school_networks_shares   how many times the share of others one of their sources has; 4

local ip = require "util.ip";

local everywhere = module:context("*");
local shares = everywhere:get_option_number("school_networks_shares", 4);
local networks = {};
for text in everywhere:get_option_set("school_networks", {}) do
	local network, bits = ip.parse_cidr(text);
	if network then table.insert(networks, { network, bits }); end
end

local lib = {};

-- Returns the packed prefix; "" for what is no address.
function lib.of(address)
	local parsed = ip.new_ip(address or "");
	local packed = parsed and parsed.packed or "";
	return #packed == 16 and packed:sub(1, 8) or packed;
end

-- Returns how many shares an address has.
function lib.shares(address)
	local parsed = networks[1] and ip.new_ip(address or "");
	if not parsed then return 1; end
	for _, network in ipairs(networks) do
		if ip.match(parsed, network[1], network[2]) then return shares; end
	end
	return 1;
end

return lib;
