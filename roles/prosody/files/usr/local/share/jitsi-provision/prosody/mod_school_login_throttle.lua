-- mod_school_login_throttle: makes guessing a password slow, and never keeps its owner out.
--
-- Enabled where there are accounts with passwords. A lock-out would be a toy: a pupil knows the
-- teacher's account name, so some wrong passwords, from anywhere, would cost the lesson. Therefore
-- nothing is ever locked, and what slows somebody who guesses depends on where *they* are:
--   * From a network that does not guess a password is looked at at once, whatever others do.
--   * After some wrong ones from a network (one address, or one IPv6 line), for one account or for
--     many, its next ones stand in line: one every school_login_pace seconds, in order of arrival,
--     so a teacher beside a guesser has a turn, too. The line is short; beyond it, refused.
--   * Where many networks guess one account, they share a second line, and a network joins it
--     sooner. Networks from where the account has signed in stay out of that one.
--   * The answer to a wrong password takes its time, and more each time; much more where many
--     networks guess, so that a thousand of them leave the server time for others.
-- Looking at a password costs the server nothing: only SCRAM is taken, where the browser computes
-- the ten thousand hashes. The question to be answered (salt, rounds) is paced per network.
--
-- A name that is no account meets the same: a salt of its own that stays the same as long as
-- school_login_secret does, the same questions, counts, lines and pauses, the same refusal.
--
-- Options:
--   school_login_secret            of it the salts of unknown names are made
--   school_login_failures          wrong passwords without a line, per account and network; 5
--   school_login_failures_attacked the same while many networks guess the account; 3
--   school_login_failures_network  the same per network, over all accounts; 40
--   school_login_failures_account  from how many, over all networks, an account is guessed; 30
--   school_login_window            seconds in which such a number is forgiven; 600
--   school_login_pace              seconds between two turns of a guessing network; 0.5
--   school_login_pace_account      seconds between two turns of a guessed account; 0.2
--   school_login_line              how many may stand in one line; 100
--   school_login_answer            seconds until the first wrong password is answered; 0.5
--
-- nginx has to send the true address in X-Forwarded-For. Counts live in memory only and are
-- bounded. Nothing here logs a name or an address.

local async = require "util.async";
local cache = require "util.cache";
local encodings = require "util.encodings";
local get_sasl_handler = require "core.usermanager".get_sasl_handler;
local hashes = require "util.hashes";
local now = require "util.time".now;
local random = require "util.random";
local st = require "util.stanza";
local timer = require "util.timer";
local source = module:require "school_network";

local option = module.get_option_number;
local free_here = option(module, "school_login_failures", 5);
local free_attacked = option(module, "school_login_failures_attacked", 3);
local free_network = option(module, "school_login_failures_network", 40);
local free_account = option(module, "school_login_failures_account", 30);
local window = option(module, "school_login_window", 600);
local pace = option(module, "school_login_pace", 0.5);
local pace_account = option(module, "school_login_pace_account", 0.2);
local longest_line = option(module, "school_login_line", 100);
local answer_after = option(module, "school_login_answer", 0.5);
local rounds = option(module, "default_iteration_count", 10000);
local secret = module:get_option_string("school_login_secret") or random.bytes(32);

local xmlns_sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
local question_after = 0.05; -- seconds; longer than any account takes to be read
local question_pace, questions_ahead = 0.005, 400; -- of one network: that many at once, then 200/s
local most_questions = 8; -- of one connection: whoever signs in asks once
local longest_name = 64; -- of an account; longer ones could not be a file's, which would be an error

local networks = cache.new(20000);
local pairs_seen = cache.new(20000); -- account and network
local accounts = {}; -- by a hash of the name, so their number is bounded and nobody is pushed out
local concealed = setmetatable({}, { __mode = "k" });
local warned_at = 0;

local function entry(store, key)
	local found = store:get(key);
	if not found then
		found = { level = 0, since = 0, free_at = 0, asked_until = 0 };
		store:set(key, found);
	end
	return found;
end

local function account_entry(name)
	local key = hashes.hmac_sha256(secret, "count:" .. name):sub(1, 2);
	accounts[key] = accounts[key] or { level = 0, since = 0, free_at = 0 };
	return accounts[key];
end

local function of(session, name)
	local here = source.of(session.ip);
	return entry(networks, here), entry(pairs_seen, name .. "\0" .. here), account_entry(name);
end

-- Wrong passwords are forgiven one by one, evenly, all of them within the window.
local function wrong(count, limit)
	return math.max(0, count.level - (now() - count.since) * limit / window);
end

local function is_full(count, limit)
	return wrong(count, limit) > limit - 1;
end

local function add(count, limit)
	count.level, count.since = wrong(count, limit) + 1, now();
end

-- Returns the seconds until one's turn; nothing if the line is too long already.
local function stand_in_line(count, each)
	local wait = math.max(0, count.free_at - now());
	if wait >= each * longest_line then return; end
	count.free_at = now() + wait + each;
	return wait;
end

-- Who has gone in the meantime is never woken: what follows needs a session.
local function pause(session, seconds)
	if seconds <= 0 then return; end
	local wait, wake = async.waiter();
	timer.add_task(seconds, function ()
		if not session.destroyed then wake(); end
	end);
	wait();
end

local function refuse(session, condition)
	session.sasl_handler = nil;
	session.send(st.stanza("failure", { xmlns = xmlns_sasl }):tag(condition));
	return true;
end

-- An attack must not fill the log.
local function warn()
	if now() - warned_at < 60 then return; end
	warned_at = now();
	module:log("warn", "repeated wrong passwords: whoever guesses has to wait from now on");
end

-- Names that are no account ---------------------------------------------------------------------

-- In the form of those that `provision teachers` writes.
local function false_account(name)
	local function part(purpose) return hashes.hmac_sha256(secret, purpose .. name .. "@" .. module.host); end
	return part "stored":sub(1, 20), part "server":sub(1, 20), rounds,
		hashes.hmac_sha256(secret, "salt:" .. name .. "@" .. module.host, true):sub(1, 32), true;
end

-- Finding an account takes longer than finding none, so the question comes at a fixed time.
local function conceal(session)
	local profile = session.sasl_handler.profile;
	if concealed[profile] then return; end
	concealed[profile] = true;
	for kind, look_up in pairs(profile) do
		if type(kind) == "string" and kind:match("^scram_") then
			profile[kind] = function (handler, name, ...)
				local ready = now() + question_after;
				local find = #name > longest_name and function () end or look_up;
				local stored, server, count, salt, enabled = find(handler, name, ...);
				handler.school_keys, handler.school_look_up = stored or false, find;
				pause(session, ready - now());
				if stored and server and enabled then return stored, server, count, salt, true; end
				return false_account(name);
			end
		end
	end
end

-- The name in the first message of SCRAM (RFC 5802), to look whether it is known from here.
local function name_in(text)
	local message = type(text) == "string" and encodings.base64.decode(text) or "";
	local name = message:match("^[^,]*,[^,]*,n=([^,]+)");
	name = name and encodings.stringprep.saslprep(name);
	return name and encodings.stringprep.nodeprep(name);
end

-- Between question and proof an account may have got another password, or have ended.
local function is_outdated(handler, name)
	return handler.school_look_up ~= nil
		and (handler.school_look_up(handler, name) or false) ~= handler.school_keys;
end

-- Signing in ------------------------------------------------------------------------------------

module:hook("stanza/" .. xmlns_sasl .. ":auth", function (event)
	local session = event.origin;
	if session.type == "c2s_destroyed" then return true; end -- nobody hears it; the log would show it
	if session.type ~= "c2s_unauthed" then return; end
	if not (event.stanza.attr.mechanism or ""):match("^SCRAM%-") or not async.ready() then
		return refuse(session, "invalid-mechanism");
	end
	session.school_questions = (session.school_questions or 0) + 1;
	if session.school_questions > most_questions then
		refuse(session, "temporary-auth-failure");
		session:close { condition = "policy-violation" };
		return true;
	end
	local here = entry(networks, source.of(session.ip));
	local name = name_in(event.stanza[1]);
	local known = name and entry(pairs_seen, name .. "\0" .. source.of(session.ip)).known;
	here.asked_until = math.max(here.asked_until, now() - question_pace * questions_ahead) + question_pace;
	local wait = known and 0 or here.asked_until - now();
	if wait > question_pace * questions_ahead then
		here.asked_until = here.asked_until - question_pace;
		return refuse(session, "temporary-auth-failure");
	end
	pause(session, wait);
	-- As mod_saslauth does it afterwards, which then finds this handler.
	if not session.sasl_handler or session.sasl_handler.selected then
		session.sasl_handler = get_sasl_handler(module.host, session);
	end
	conceal(session);
end, 100);

-- Returns whether a session's turn has come; else it is refused already.
local function has_its_turn(session, name)
	local here, pair, account = of(session, name);
	local attacked = is_full(account, free_account);
	local guessed = is_full(pair, attacked and free_attacked or free_here);
	if not guessed and (pair.known or not is_full(here, free_network)) then return true; end
	local wait = stand_in_line(here, pace);
	if not wait then return not refuse(session, "temporary-auth-failure"); end
	pause(session, wait);
	if not attacked or pair.known then return true; end
	wait = stand_in_line(account, pace_account);
	-- A quick refusal would only be tried again at once, by a thousand networks.
	pause(session, wait or pace_account * longest_line);
	return wait ~= nil or not refuse(session, "temporary-auth-failure");
end

-- The answer to the question: from here on it can be right or wrong.
module:hook("stanza/" .. xmlns_sasl .. ":response", function (event)
	local session = event.origin;
	if session.type == "c2s_destroyed" then return true; end
	local handler = session.sasl_handler;
	local name = handler and handler.username;
	if not name or session.type ~= "c2s_unauthed" then return; end
	if not has_its_turn(session, name) then return true; end
	if is_outdated(handler, name) then return refuse(session, "not-authorized"); end
end, 100);

module:hook("authentication-failure", function (event)
	local session = event.session;
	local handler = session.sasl_handler;
	local name = handler and handler.username;
	if event.condition ~= "not-authorized" or not name then return; end
	local here, pair, account = of(session, name);
	add(here, free_network);
	add(pair, free_here);
	add(account, free_account);
	if is_full(pair, free_here) or is_full(here, free_network) then warn(); end
	-- By chance sooner or later where many guess: they came together, and would come again together.
	local patience = is_full(account, free_account) and 16 * (0.5 + math.random()) or 1;
	pause(session, patience * answer_after * 2 ^ math.min(math.ceil(wrong(pair, free_here)) - 1, 3));
end);

module:hook("authentication-success", function (event)
	local session = event.session;
	if not session.username then return; end
	local _, pair = of(session, session.username);
	pair.level, pair.known = 0, true;
end);
