-- What counts as one source: an IPv4 address, or the /64 that one IPv6 line has for itself.

local new_ip = require "util.ip".new_ip;

local lib = {};

-- Returns the packed prefix; "" for what is no address.
function lib.of(address)
	local parsed = new_ip(address or "");
	local packed = parsed and parsed.packed or "";
	return #packed == 16 and packed:sub(1, 8) or packed;
end

return lib;
