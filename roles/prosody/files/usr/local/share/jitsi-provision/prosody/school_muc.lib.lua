-- Rooms, as the component's own plug-in knows them, and the lessons that have opened breakout rooms.

local lib = {};

-- What the component at an address knows of its rooms; nothing where it has none.
local function rooms_of(host)
	local component = host and prosody.hosts[host];
	return component and component.modules.muc;
end
lib.rooms_of = rooms_of;

-- The room on main_host that has opened the breakout room with this address, while it is there.
function lib.lesson_of(main_host, address)
	local rooms = rooms_of(main_host);
	for lesson in rooms and rooms.live_rooms() or function () end do
		if (lesson._data.breakout_rooms or {})[address] then return lesson; end
	end
end

return lib;
