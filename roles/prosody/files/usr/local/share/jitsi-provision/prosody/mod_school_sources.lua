-- mod_school_sources: what all connections of one source together may ask of Prosody's only thread.
--
-- Enabled for the server as a whole. mod_school_gate holds each connection to its share; whoever opens
-- a hundred has a hundred shares. So each source (an address, or one IPv6 line) has one account, from
-- which everything is paid that comes in from there, before and after it has signed in:
--   * a stanza, by its kind and by how many hear of it, a kilobyte, a websocket's frame, also those
--     that Prosody answers by itself and no other module sees (ping frames), and a new websocket.
-- While an account is overdrawn nothing is lost and nobody is thrown out: what its connections bring
-- is held, they are not read any further, and they come on in turn, whoever asks for less first. So
-- it is, too, for a moment, with a source that has had its part of this turn: Prosody goes from one
-- connection to the next for as long as anybody has something to say, and others come in between.
-- Others notice nothing. Staff who have signed in are not counted, nor focus and bridge, which come by
-- neither of the two ways of browsers.
--
-- Options:
--   school_staff_host           the password host; default: muc_mapper_domain_base
--   school_source_rate          what a source may spend each second for as long as it likes, in
--                               stanzas; 1000
--   school_source_burst         and at once: a class of forty that enters; 12000
--   school_source_turn          and in one turn; 100. All sources together three times as much, and a
--                               tenth each beyond that
--   school_source_frame         what a frame of a websocket costs, in stanzas; 0.2
--   school_source_acknowledgement  what an acknowledgement costs; 0.25
--   school_source_kilobyte      what a kilobyte costs; 0.5
--   school_source_websocket     what a new websocket costs; 5
--   school_source_sweep         seconds after which accounts that are balanced are forgotten; 60
--
-- Nothing here writes a name or an address to the log.

module:set_global();

local filters = require "util.filters";
local now = require "util.time".now;
local timer = require "util.timer";
local price = module:require "school_prices".price;
local source = module:require "school_network";

local staff_host = module:get_option_string("school_staff_host",
	module:get_option_string("muc_mapper_domain_base"));
local rate = module:get_option_number("school_source_rate", 1000);
local burst = module:get_option_number("school_source_burst", 12000);
local most_in_turn = module:get_option_number("school_source_turn", 100);
local per_frame = module:get_option_number("school_source_frame", 0.2);
local per_acknowledgement = module:get_option_number("school_source_acknowledgement", 0.25);
local per_kilobyte = module:get_option_number("school_source_kilobyte", 0.5);
local per_websocket = module:get_option_number("school_source_websocket", 5);
local sweep_after = module:get_option_number("school_source_sweep", 60);

-- With how many bytes a connection that was held comes on in one turn, some stanzas or 170 frames;
-- with fewer where these are dear. And what they may cost, in the middle of many turns.
local largest_piece, smallest_piece, credit = 1024, 128, 20;
local moment = 0.002; -- until the next turn
-- More than this comes together only where a session's own waiting makes Prosody read on.
local most_held = 131072;

local sessions = module:shared("/*/c2s/sessions"); -- connection -> whose it is at present
local accounts = {}; -- source -> { balanced = when its account would be full again, queue }
local states = setmetatable({}, { __mode = "k" }); -- connection -> where it is
local passing; -- the connection whose held bytes come on just now

-- For mod_school_entrance, which makes requests wait, and for tests.
local shared = module:shared("sources");
shared.accounts, shared.held = accounts, 0;

-- Accounts --------------------------------------------------------------------------------------

-- Looked up each time: accounts are forgotten, and begin anew.
local function account_of(address, key)
	key = key or source.of(address);
	local account = accounts[key];
	if not account then
		account = {
			balanced = 0, rate = rate * source.shares(address), first = 1, last = 0, queue = {},
			spent = 0, in_turn = 0, last_asked = 0,
		};
		accounts[key] = account;
	end
	return account;
end

-- A timer of no time comes when nothing is left to be read.
local turn, in_turn, is_turn_noted = 0, 0, false;
local function next_turn()
	turn, in_turn, is_turn_noted = turn + 1, 0, false;
end

local function charge(account, cost)
	if not is_turn_noted then
		is_turn_noted = true;
		timer.add_task(0, next_turn);
	end
	if account.turn ~= turn then account.turn, account.in_turn = turn, 0; end
	account.in_turn, in_turn = account.in_turn + cost, in_turn + cost;
	account.spent = account.spent + cost;
	account.balanced = math.max(account.balanced, now()) + cost / account.rate;
end

local function has_had_its_turn(account)
	if account.turn ~= turn then return false; end
	return account.in_turn > most_in_turn
		or (in_turn > 3 * most_in_turn and account.in_turn > most_in_turn / 10);
end

-- Seconds until an account is no longer overdrawn.
local function overdrawn(account)
	return account.balanced - now() - burst / rate;
end

-- Who owes nothing and holds nothing is the same as who never was there.
local function sweep()
	local time = now();
	for key, account in pairs(accounts) do
		if account.balanced <= time and account.first > account.last then accounts[key] = nil; end
	end
	return sweep_after;
end

-- What bytes cost -------------------------------------------------------------------------------

-- Returns how long the frame is that begins at a byte, with its head, which may be cut off.
local function frame_length(data, at)
	local second = data:byte(at + 1);
	if not second then return; end
	local length, head = second % 128, second < 128 and 2 or 6;
	local more = length == 126 and 2 or length == 127 and 8 or 0;
	if more > 0 then
		local bytes = { data:byte(at + 2, at + 1 + more) };
		if #bytes < more then return; end
		length = 0;
		for _, byte in ipairs(bytes) do length = length * 256.0 + byte; end
	end
	return head + more + length;
end

-- Counts the frames that begin in what has come: their contents are masked, so stanzas cannot be
-- seen here.
local function frames_in(state, data)
	data, state.head = state.head .. data, "";
	local number, at = 0, state.inside + 1;
	while at <= #data do
		local length = frame_length(data, at);
		if not length then
			state.head, at = data:sub(at), #data + 1;
			break;
		end
		number, at = number + 1, at + length;
	end
	state.inside = at - #data - 1;
	return number;
end

local function pay_bytes(state, data)
	charge(account_of(state.address, state.source), frames_in(state, data) * per_frame + #data / 1024 * per_kilobyte);
end

-- Connections that are held ---------------------------------------------------------------------

local function stand_in_line(account, conn)
	account.last = account.last + 1;
	account.queue[account.last] = conn;
end

local function next_in_line(account)
	local conn = account.queue[account.first];
	account.queue[account.first] = nil;
	account.first = account.first + 1;
	return conn;
end

-- By a timer, as Prosody does it: of what was read for this connection before it stopped, a part may
-- be in a buffer below, of which no event tells.
local function read_on(conn)
	local session = sessions[conn];
	if not session or session.destroyed then return; end
	conn:resume();
	if conn.pausefor then conn:pausefor(0); end
end

local function come_on(account, conn)
	local state, session = states[conn], sessions[conn];
	if not session or session.destroyed then return; end -- gone in the meantime
	-- Who asks for much comes seldom, and each time as long.
	state.credit = math.min(credit, state.credit + credit);
	if state.credit <= 0 then return stand_in_line(account, conn); end
	local data, before = state.held:sub(1, state.piece), account.spent;
	state.held = #state.held > state.piece and state.held:sub(state.piece + 1) or nil;
	if state.held then stand_in_line(account, conn); end
	passing = conn;
	local fine, problem = pcall(session.data, data);
	passing = nil;
	local cost = account.spent - before;
	state.credit = state.credit - cost;
	state.piece = cost > credit and math.max(smallest_piece, state.piece / 2)
		or math.min(largest_piece, state.piece * 2);
	if not fine then module:log("error", "what a connection had brought: %s", problem); end
	if not state.held then read_on(conn); end
end

local function serve(account)
	while account.first <= account.last do
		local wait = overdrawn(account);
		if wait > 0 then return math.max(wait, 0.01); end
		if has_had_its_turn(account) then return moment; end
		come_on(account, next_in_line(account));
	end
	account.served = false;
end

-- At once, and again when Prosody has done with what it read: then it sets a timer of its own, by
-- the rate of this connection, which would make it read on.
local function stop_reading(conn, state)
	conn:pause();
	timer.add_task(0, function ()
		local session = sessions[conn];
		if not state.held or not session or session.destroyed then return; end
		if conn.pausefor then conn:pausefor(false); end
		conn:pause();
	end);
end

local function hold(session, state, data)
	local account = account_of(state.address, state.source);
	if not state.held then
		if overdrawn(account) > 0 then shared.held = shared.held + 1; end
		stand_in_line(account, session.conn);
	end
	state.held = (state.held or "") .. data;
	if #state.held > most_held then
		state.held = nil;
		session:close { condition = "policy-violation" };
		return;
	end
	stop_reading(session.conn, state);
	if not account.served then
		account.served = true;
		timer.add_task(math.max(overdrawn(account), moment), function () return serve(account); end);
	end
end

-- What comes in ---------------------------------------------------------------------------------

local function is_staff(session)
	return session.type == "c2s" and session.host == staff_host;
end

local function state_of(session)
	local state = states[session.conn];
	if not state then
		state = {
			address = session.ip, source = source.of(session.ip), inside = 0, head = "",
			piece = largest_piece, credit = 0,
		};
		states[session.conn] = state;
		charge(account_of(state.address, state.source), per_websocket);
	end
	return state;
end

local function has_to_wait(session, state)
	if state.held then return true; end
	if is_staff(session) then return false; end
	local account = account_of(state.address, state.source);
	return overdrawn(account) > 0 or has_had_its_turn(account) or state.piece < largest_piece;
end

local function bytes_in(data, session)
	if not session.websocket_request or not session.conn then return data; end
	local state = state_of(session);
	if passing ~= session.conn and has_to_wait(session, state) then return hold(session, state, data); end
	if not is_staff(session) then pay_bytes(state, data); end
	return data;
end

local function is_acknowledgement(stanza)
	return (stanza.name == "r" or stanza.name == "a")
		and (stanza.attr.xmlns or ""):match("^urn:xmpp:sm:") ~= nil;
end

local function stanzas_in(stanza, session)
	if not (session.websocket_request or session.bosh_version) or is_staff(session) then return stanza; end
	local cost = is_acknowledgement(stanza) and per_acknowledgement or price(stanza, session);
	local state = states[session.conn];
	charge(account_of(session.ip, state and state.source), cost);
	return stanza;
end

local function watch(session)
	if not session.type or not session.type:match("^c2s") then return; end
	filters.add_filter(session, "bytes/in", bytes_in, 1000); -- before the frames are opened
	filters.add_filter(session, "stanzas/in", stanzas_in, 1000);
end

-- Over BOSH nothing can be held here: a request waits where it comes in, and asks again, because of
-- those that waited with it one was first. Each at its own time: all at once would be a crowd again.
function shared.pay_for_request(address, session, bytes)
	if not (session and is_staff(session)) then charge(account_of(address), bytes / 1024 * per_kilobyte); end
end
function shared.seconds_to_wait(address, session)
	if session and is_staff(session) then return 0; end
	local account, time = account_of(address), now();
	local wait = overdrawn(account);
	if wait <= 0 and not has_had_its_turn(account) then return 0; end
	account.last_asked = math.max(account.last_asked, time + math.max(wait, 0)) + moment;
	return account.last_asked - time;
end

filters.add_filter_hook(watch);
local sweeping = timer.add_task(sweep_after, sweep);
function module.unload()
	filters.remove_filter_hook(watch);
	timer.stop(sweeping);
end
