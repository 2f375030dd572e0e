{{ managed("--", "/etc/jitsi-provision/local/*.cfg.lua") }}
--
-- The package jitsi-meet-prosody looks for these texts and would edit this file without them:
-- --"polls";  VirtualHost "jigasi.meet.jitsi"  Component "polls.{{ settings.domain }}"

local domain = {{ settings.domain | lua }}
local focus, bridge = "focus@auth." .. domain, "jvb@auth." .. domain

-- Warnings only, to the journal, which forgets after {{ settings.retention_days }} days: at level
-- "info" each sign-in of a teacher is a line. Warnings name rooms; the unit masks those.
log = { { levels = { min = "warn" }, to = "stdout", timestamps = false } }

-- What belongs to the server as a whole. Each host below names what it needs itself, and nothing
-- is there for all: what a host does not need, a stranger could use. Left out on purpose: lists of
-- contacts, registration, invitations, contact to other servers, message archives, last activity,
-- administration over the network.
modules_enabled = { "admin_shell", "limits", "school_sources" }
modules_disabled = { "s2s", "s2s_auth_certs", "offline", "register", "invites", "invites_adhoc", "invites_register", "cloud_notify" }
plugin_paths = { "/usr/share/jitsi-meet/prosody-plugins/", "/usr/local/share/jitsi-provision/prosody/" }
allow_registration = false

-- Browsers come through nginx only; focus and bridge over loopback.
c2s_interfaces = { "127.0.0.1", "::1" }
http_interfaces = { "127.0.0.1", "::1" }
-- Whoever finds the queue for connections full comes again after a second, and then three.
network_settings = { tcp_backlog = 4096 }
https_ports = {}
component_ports = {}
http_default_host = domain
consider_bosh_secure = true
consider_websocket_secure = true
trusted_proxies = { "127.0.0.1", "::1" }

component_admins_as_room_owners = true
muc_mapper_domain_base = domain
school_private_message = {{ _("Private messages go to teachers only.") | lua }}
school_end_after = {{ settings.room_ends_after * 60 }}
unlimited_jids = { focus, bridge }
-- Passwords are proven, never sent: the browser computes the hashes, which cost the server nothing.
disable_sasl_mechanisms = { "PLAIN", "DIGEST-MD5", "OAUTHBEARER" }
school_login_secret = "{{ secret('login') }}"
school_knocks_message = {{ _("Too many people from your network are knocking. Please try again in a few minutes.") | lua }}
-- From where whole classes come: an account of mod_school_sources, and a share of each lobby, is
-- four times as large there.
school_networks = { {% for network in settings.school_networks %}{{ network | lua }}, {% endfor %}}
-- Who was admitted comes back without help after a restart. What that takes lies in memory, and
-- outlives Prosody there alone.
school_return_secret = "{{ secret('login') }}"
school_return_directory = "/run/jitsi-provision-return"
school_ghost_message = {{ _("You have joined this conference again elsewhere.") | lua }}
smacks_max_unacked_stanzas = 5
smacks_hibernation_time = 60
smacks_max_old_sessions = 1
-- Bytes a second of one connection: a browser sends more at once than Prosody's default allows.
-- Over BOSH mod_school_entrance holds the same.
limits = { c2s = { rate = "64kb/s" } }
-- The largest stanza: three times what a browser says of all that it sends and receives. Focus and
-- bridge have a limit of their own. mod_school_gate holds texts and presences to less.
c2s_stanza_size_limit = 65536
http_max_content_size = 131072
-- Only pages of this server speak to it, and those need no permission; mod_school_entrance refuses
-- the others.
http_default_cors_enabled = false
http_cors_override = { bosh = { enabled = false }, websocket = { enabled = false } }

-- Our own STUN and TURN only. Global, because the metadata component hands them out as well. Without
-- a secret of their own: credentials come from school_relay, and go to who was let in.
external_service_secret = "{{ secret('turn') }}"
external_services = {
    { type = "stun", host = domain, port = {{ ports.stun.number }}, transport = "udp" },
    { type = "turn", host = domain, port = {{ ports.stun.number }}, transport = "udp", restricted = true },
    { type = "turns", host = domain, port = {{ ports.turns.number }}, transport = "tcp", restricted = true },
{% if settings.turn_domain %}
    -- For networks that let only HTTPS out.
    { type = "turns", host = {{ settings.turn_domain | lua }}, port = {{ ports.https.number }}, transport = "tcp", restricted = true },
{% endif %}
}

-- Nothing of a room survives it.
muc_room_allow_persistent = false
muc_tombstones = false

-- Nor of a connection: this store keeps a file for each guest, and when a teacher's last one ended.
storage = { smacks_h = "memory" }

-- Teachers: accounts with hashed passwords.
VirtualHost "{{ settings.domain }}"
    authentication = "internal_hashed"
    modules_enabled = {
        "disco", "ping", "saslauth",
        "bosh", "websocket", "smacks", "external_services", "features_identity",
        "conference_duration", "muc_lobby_rooms", "muc_breakout_rooms", "persistent_lobby",
        "school_login_throttle", "school_entrance", "school_gate", "school_relay",
        "school_return_login",
    }
    -- A teacher admits a whole class, or mutes it, with one click.
    school_stanza_rate = 50
    school_stanza_burst = 500
    c2s_require_encryption = false
    main_muc = "conference." .. domain
    lobby_muc = "lobby." .. domain
    breakout_rooms_muc = "breakout." .. domain
    admins = { focus }
    ssl = {
        key = "/etc/prosody/certs/" .. domain .. ".key",
        certificate = "/etc/prosody/certs/" .. domain .. ".crt",
    }

-- The package's example, to which every browser could open a stream.
VirtualHost "localhost"
    enabled = false

-- Everybody else: no account, no password, only ever a guest.
VirtualHost "guest.{{ settings.domain }}"
    authentication = "jitsi-anonymous"
    modules_enabled = {
        "disco", "ping", "saslauth",
        "smacks", "external_services",
        "school_gate", "school_addresses", "school_new_rooms", "school_relay",
    }
    -- Nothing is kept of anybody without an account.
    storage = "none"
    c2s_require_encryption = false
    main_muc = "conference." .. domain
    lobby_muc = "lobby." .. domain
    breakout_rooms_muc = "breakout." .. domain

Component "conference.{{ settings.domain }}" "muc"
    restrict_room_creation = true
    storage = "memory"
    modules_enabled = {
        "muc_hide_all", "muc_meeting_id", "muc_domain_mapper", "muc_rate_limit",
        "muc_password_whitelist", "school_rooms", "school_private", "school_knocks",
        "school_return", "school_wait", "school_bridge",
    }
    admins = { focus }
    muc_password_whitelist = { focus }
    muc_room_locking = false
    muc_room_default_public_jids = true
    -- A class that comes at the same moment, behind one address of the school.
    muc_rate_joins = 30
    school_end_message = {{ _("The conference has ended.") | lua }}
    jitsi_default_permissions = {
        ["send-groupchat"] = true, ["create-polls"] = false, recording = false,
        livestreaming = false, transcription = false, ["outbound-call"] = false,
        flip = false, ["live-translation"] = false, ["live-translation-subscribe"] = false,
    }

Component "lobby.{{ settings.domain }}" "muc"
    restrict_room_creation = true
    storage = "memory"
    modules_enabled = { "muc_hide_all", "muc_rate_limit", "school_private", "school_knocks" }
    muc_room_locking = false
    muc_room_default_public_jids = true
    muc_rate_joins = 30

Component "breakout.{{ settings.domain }}" "muc"
    restrict_room_creation = true
    storage = "memory"
    modules_enabled = {
        "muc_hide_all", "muc_meeting_id", "muc_domain_mapper", "muc_rate_limit", "school_rooms",
        "school_private", "school_staff_only", "school_knocks", "school_bridge",
    }
    admins = { focus }
    muc_room_locking = false
    muc_room_default_public_jids = true
    muc_rate_joins = 30

-- Where the bridges announce themselves to the focus.
Component "internal.auth.{{ settings.domain }}" "muc"
    storage = "memory"
    modules_enabled = { "muc_hide_all", "ping", "school_internal" }
    admins = { focus, bridge }
    muc_room_locking = false
    muc_room_default_public_jids = true

VirtualHost "auth.{{ settings.domain }}"
    authentication = "internal_hashed"
    modules_enabled = {
        "disco", "ping", "saslauth", "tls", "school_large_stanzas",
        "limits_exception", "school_loopback_only", "school_login_throttle",
    }
    -- Without smacks: focus and bridge come over loopback, where a connection breaks only when one of
    -- the two has ended. Kept for later, it would hide for a quarter of a minute that it has.
    ssl = {
        key = "/etc/prosody/certs/auth." .. domain .. ".key",
        certificate = "/etc/prosody/certs/auth." .. domain .. ".crt",
    }

Component "focus.{{ settings.domain }}" "client_proxy"
    modules_enabled = { "school_focus" }
    target_address = focus
    school_bridge_warm = "/run/jitsi-provision-warm/bridge"

Component "endconference.{{ settings.domain }}" "end_conference"
    modules_enabled = { "school_staff_only" }
    muc_component = "conference." .. domain

Component "avmoderation.{{ settings.domain }}" "av_moderation_component"
    modules_enabled = { "school_staff_only" }
    muc_component = "conference." .. domain

Component "metadata.{{ settings.domain }}" "room_metadata_component"
    modules_enabled = { "school_staff_only" }
    muc_component = "conference." .. domain
    breakout_rooms_component = "breakout." .. domain

Include "/etc/jitsi-provision/local/*.cfg.lua"
