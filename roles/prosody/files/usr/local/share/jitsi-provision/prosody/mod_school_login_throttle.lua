-- mod_school_login_throttle: makes guessing a teacher's password slow, without locking anybody out.
--
-- Enabled on the password host. A lock-out would be a toy: a pupil knows his teacher's account name
-- and sits behind the same address of the school, so ten wrong passwords would cost the lesson.
-- So nothing is ever locked. After some wrong passwords for an account the next one is looked at
-- only after a pause, which doubles three times up to school_login_pause. Whoever comes during a pause waits;
-- of those waiting, chance picks who is next, so a correct password gets through beside a guesser,
-- and seconds after he stops everything is as before. Only who has waited too long is refused.
--
-- Two counts: per account and network (a pupil at school does not slow the teacher at home), and
-- per account from networks where it never signed in (many addresses do not help a guesser, and
-- do not slow the teacher at school).
--
-- Options:
--   school_login_failures          wrong passwords without a pause, per account and network; 5
--   school_login_failures_account  the same over all unknown networks; 30
--   school_login_pause             longest pause in seconds; 10
--   school_login_patience          longest wait in seconds before an attempt is refused; 30
--   school_login_window            seconds without a wrong password until all is forgotten; 600
--
-- nginx has to send the true address in X-Forwarded-For. Counts live in memory only and are
-- bounded; names that are no account are not counted. Nothing here logs a name or an address.

local async = require "util.async";
local cache = require "util.cache";
local encodings = require "util.encodings";
local ip = require "util.ip";
local now = require "util.time".now;
local st = require "util.stanza";
local user_exists = require "core.usermanager".user_exists;

local failures_here = module:get_option_number("school_login_failures", 5);
local failures_account = module:get_option_number("school_login_failures_account", 30);
local longest_pause = module:get_option_number("school_login_pause", 10);
local patience = module:get_option_number("school_login_patience", 30);
local window = module:get_option_number("school_login_window", 600);

local xmlns_sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
local most_waiting = 500; -- connections that wait at the same time, over all accounts

local counts = cache.new(10000); -- account, or account and network -> { failures, last, ready }
local known = cache.new(2000); -- account and network -> true once it signed in from there
local waiting = 0;

-- One IPv6 line has 2^64 addresses of its own: they count as one.
local function network(address)
	local parsed = ip.new_ip(address or "");
	local packed = parsed and parsed.packed or "";
	return #packed == 16 and packed:sub(1, 8) or packed;
end

local function at(session, account)
	return account .. "\0" .. network(session.ip);
end

local function current(key)
	local count = counts:get(key);
	if count and now() - count.last < window then return count; end
end

local function count_failure(key, without_pause)
	local count = current(key) or { failures = 0 };
	count.failures, count.last = count.failures + 1, now();
	local beyond = count.failures - without_pause;
	count.ready = beyond < 0 and 0 or now() + longest_pause * 2 ^ math.min(0, beyond - 3);
	counts:set(key, count);
	if beyond == 0 then
		module:log("warn", "repeated wrong passwords for one account: the next ones have to wait");
	end
end

local function pause_left(session, account)
	local here, everywhere = current(at(session, account)), current(account);
	local ready = here and here.ready or 0;
	if everywhere and not known:get(at(session, account)) then
		ready = math.max(ready, everywhere.ready);
	end
	return ready - now();
end

-- Returns when the password may be looked at, or false if that takes too long.
local function wait_for_turn(session, account)
	local deadline = now() + patience;
	local left = pause_left(session, account);
	if left <= 0 then return true; end
	if waiting >= most_waiting or not async.ready() then return false; end
	waiting = waiting + 1;
	while left > 0 and now() + left <= deadline do
		async.sleep(left + math.random() / 5);
		left = pause_left(session, account);
	end
	waiting = waiting - 1;
	return left <= 0;
end

local function admit(session, account)
	if not account or session.type ~= "c2s_unauthed" then return; end
	local admitted = wait_for_turn(session, account);
	if session.type ~= "c2s_unauthed" then return true; end -- gone in the meantime
	if admitted then return; end
	session.sasl_handler = nil;
	session.send(st.stanza("failure", { xmlns = xmlns_sasl }):tag("temporary-auth-failure"));
	return true;
end

-- PLAIN brings the password at once. The name is read exactly as util.sasl.plain reads it: another
-- reading would be a way around.
module:hook("stanza/" .. xmlns_sasl .. ":auth", function (event)
	local session, stanza = event.origin, event.stanza;
	if stanza.attr.mechanism ~= "PLAIN" or type(stanza[1]) ~= "string" then return; end
	local message = encodings.base64.decode(stanza[1]) or "";
	local name = message:match("^[^%z]*%z([^%z]+)%z[^%z]+");
	name = name and encodings.stringprep.saslprep(name);
	return admit(session, name and encodings.stringprep.nodeprep(name));
end, 100);

-- SCRAM names the account first and proves the password in its response.
module:hook("stanza/" .. xmlns_sasl .. ":response", function (event)
	local session = event.origin;
	return admit(session, session.sasl_handler and session.sasl_handler.username);
end, 100);

module:hook("authentication-failure", function (event)
	local session = event.session;
	local account = session.sasl_handler and session.sasl_handler.username;
	if event.condition ~= "not-authorized" or not account then return; end
	if not user_exists(account, module.host) then return; end
	count_failure(at(session, account), failures_here);
	if not known:get(at(session, account)) then count_failure(account, failures_account); end
end);

module:hook("authentication-success", function (event)
	local session = event.session;
	if not session.username then return; end
	counts:set(at(session, session.username), nil);
	known:set(at(session, session.username), true);
end);
