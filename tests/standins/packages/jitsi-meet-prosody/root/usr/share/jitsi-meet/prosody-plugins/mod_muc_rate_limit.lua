-- STAND-IN. Lets only so many join a room per second; the others wait in order, nobody is refused.
local throttle = require "util.throttle";

local joins = module:get_option_number("muc_rate_joins", 3);
local queue_size = 1000;

local function let_in(room)
	if room.destroying then return; end
	local queue = room.standin_join_queue;
	for _ = 1, joins do
		local event = table.remove(queue, 1);
		if not event then break; end
		if event.origin.conn then
			event.stanza.standin_waited = true;
			room:handle_normal_presence(event.origin, event.stanza);
		end
	end
	if #queue > 0 then return 1; end
	room.standin_join_queue = nil;
end

module:hook("muc-occupant-pre-join", function (event)
	local room, stanza = event.room, event.stanza;
	if stanza.standin_waited then
		stanza.standin_waited = nil;
		return;
	end
	room.standin_join_throttle = room.standin_join_throttle or throttle.create(joins, 1);
	if not room.standin_join_queue then
		if room.standin_join_throttle:poll(1) then return; end
		room.standin_join_queue = {};
		module:add_timer(1, function () return let_in(room); end);
	elseif #room.standin_join_queue >= queue_size then
		return;
	end
	table.insert(room.standin_join_queue, event);
	return true;
end, 9); -- after muc_max_occupants (10)
