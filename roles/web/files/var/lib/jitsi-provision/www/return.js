/* Managed by jitsi-provision. Whoever was in a room comes back into it without help: when a service was
   started anew the page begins again, and shows the ticket that it got with the room (see
   mod_school_return on the server). The ticket is kept for this tab alone, and for this room.
   Runs before any script of Jitsi. */
(function () {
    'use strict';
    var kept = 'school/return';
    // In the language of the school: head.html brings these sentences with the script.
    var words = document.currentScript.dataset;
    var room = window.location.pathname;
    var xmlns = 'urn:school:return';
    var Connection = window.WebSocket;
    // After these the client counts 10 to 30 seconds down, and begins anew.
    var broken = [
        'connection.droppedError', 'connection.otherError', 'connection.serverError',
        'connection.conferenceRequestFailed', 'conference.focusLeft', 'conference.iceFailed',
        'conference.offerAnswerFailed', 'conference.videobridgeNotAvailable'
    ];
    var patience = 180000;
    var ticket = load();
    var begun = false;
    var notice = null;

    function load() {
        try {
            var found = JSON.parse(window.sessionStorage.getItem(kept));
            return found && found.room === room ? found : null;
        } catch (error) { return null; }
    }
    function save() {
        try { window.sessionStorage.setItem(kept, JSON.stringify(ticket)); } catch (error) { /* This page alone knows it. */ }
    }

    // The ticket --------------------------------------------------------------------------------

    function receive(event) {
        if (typeof event.data !== 'string') { return; }
        // The server knows nothing of the connection that was to be taken up again. The client would
        // end it in good order first, for some seconds.
        if (/^<failed [^>]*urn:xmpp:sm:3/.test(event.data) && event.data.indexOf('<item-not-found') !== -1) {
            if (comesBack()) { begin(window.APP.store.getState()); }
        }
        if (event.data.indexOf(xmlns) === -1) { return; }
        var told = new window.DOMParser().parseFromString(event.data, 'text/xml')
            .getElementsByTagNameNS(xmlns, '*')[0];
        // From the server itself: what people send comes from a room.
        if (!told || told.parentNode !== told.ownerDocument.documentElement) { return; }
        if (told.parentNode.getAttribute('from') !== window.config.hosts.muc) { return; }
        if (told.localName === 'wait') { toTheLobby(); }
        if (told.localName !== 'ticket') { return; }
        if (notice) { notice.remove(); }
        ticket = {
            room: room, id: told.getAttribute('id'), secret: told.getAttribute('secret'),
            account: told.getAttribute('account')
        };
        save();
    }
    // A guest shows it while joining.
    function shown(text) {
        var joins = typeof text === 'string' && ticket && !ticket.account
            && /^<presence [^>]*to=["'][^"'>]+@conference\./.test(text)
            && text.indexOf('http://jabber.org/protocol/muc"') !== -1;
        return joins ? text.replace(/<\/presence>$/, '<ticket xmlns="' + xmlns + '" id="' + ticket.id
            + '" secret="' + ticket.secret + '"/></presence>') : text;
    }
    function Listening(address, protocols) {
        var socket = new Connection(address, protocols);
        var send = socket.send;
        if (String(address).indexOf('/xmpp-websocket') !== -1) {
            socket.addEventListener('message', receive);
            socket.addEventListener('close', lost);
            socket.send = function (text) { send.call(socket, shown(text)); };
            credentials = null;
        }
        return socket;
    }
    Listening.prototype = Connection.prototype;
    ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'].forEach(function (name) { Listening[name] = Connection[name]; });
    window.WebSocket = Listening;

    // A teacher signs in with it. The client asks its storage for a name and a password to use
    // instead; there they never are: the first connection takes them.
    var credentials = ticket && ticket.account
        ? { xmpp_username_override: ticket.account, xmpp_password_override: ticket.secret } : null;
    var getItem = window.Storage.prototype.getItem;
    window.Storage.prototype.getItem = function (name) {
        return credentials && Object.prototype.hasOwnProperty.call(credentials, name)
            ? credentials[name] : getItem.call(this, name);
    };

    // Coming back -------------------------------------------------------------------------------

    // Who has been inside meets no page before the meeting.
    document.addEventListener('DOMContentLoaded', function () {
        if (ticket && window.config && window.config.prejoinConfig) { window.config.prejoinConfig.enabled = false; }
        if (ticket && ticket.waits) {
            say(words.wait, 'top:0');
        }
        watch();
    });
    // Microphone and camera are as they were, where the page began anew by itself, and not otherwise.
    function asBefore() {
        var was = ticket && ticket.was;
        if (!was || Date.now() - was.at > patience) { return; }
        var settings = JSON.parse(window.localStorage.getItem('features/base/settings')) || {};
        settings.startWithAudioMuted = was.silent;
        settings.startWithVideoMuted = was.dark;
        window.localStorage.setItem('features/base/settings', JSON.stringify(settings));
    }
    function say(sentence, place) {
        notice = document.createElement('div');
        notice.className = 'school-return';
        notice.setAttribute('role', 'status');
        notice.style.cssText = 'position:fixed;z-index:2147483000;left:0;right:0;padding:1.5rem;'
            + 'text-align:center;font:1.15rem/1.5 sans-serif;background:#141414;color:#fff;' + place;
        notice.textContent = sentence;
        document.body.appendChild(notice);
    }
    // The teacher has been away for long: back to the lobby, until she is there.
    function toTheLobby() {
        if (!ticket || begun) { return; }
        begun = true;
        ticket.waits = true;
        ticket.was = null;
        save();
        window.setTimeout(function () { window.location.reload(); }, Math.random() * 2000);
    }
    // As soon as the server answers. A class does not ask in the same moment, and nobody twice.
    var answered = 0;
    function asSoonAsItAnswers(then) {
        if (Date.now() - answered < 5000) { then(); return; }
        var socket = new Connection('wss://' + window.location.host + '/xmpp-websocket', 'xmpp');
        socket.onopen = function () {
            socket.close();
            window.setTimeout(function () { answered = Date.now(); then(); }, Math.random() * 1000);
        };
        socket.onerror = function () {
            window.setTimeout(function () { asSoonAsItAnswers(then); }, 500 + Math.random() * 1000);
        };
    }
    function again() {
        asSoonAsItAnswers(function () { window.location.reload(); });
    }
    // The client itself takes its broken connection up again after 3 seconds, then 9, then 27, and
    // where the server has forgotten it, notices only then. It need not wait so long.
    var looks = false;
    function lost() {
        if (!ticket || begun || looks) { return; }
        looks = true;
        asSoonAsItAnswers(function () {
            looks = false;
            var task = window.APP && window.APP.connection && window.APP.connection.xmpp.connection._resumeTask;
            // Without a time to wait for it does so already, or has no need to.
            if (begun || !task || !task._resumeTimeout) { return; }
            task.cancelResume();
            task.resumeConnection();
        });
    }
    function comesBack() {
        return !begun && ticket && !(ticket.was && Date.now() - ticket.was.at > patience);
    }
    function begin(state) {
        var media = state['features/base/media'];
        var was = ticket.was && Date.now() - ticket.was.at < patience ? ticket.was : {
            at: Date.now(), silent: media.audio.muted !== false, dark: Boolean(media.video.muted)
        };
        begun = true;
        ticket.was = was;
        save();
        say(words.back, 'top:0;bottom:0;display:flex;align-items:center;justify-content:center');
        again();
    }
    function look() {
        var state = window.APP.store.getState();
        var conference = state['features/base/conference'];
        var error = conference.error || state['features/base/connection'].error;
        var name = error && (error.name || error);
        // Whoever leaves, or was thrown out, goes.
        if (name && broken.indexOf(name) !== -1 && comesBack()) { begin(state); }
    }
    function watch() {
        if (window.APP && window.APP.store) {
            window.APP.store.subscribe(look);
        } else {
            window.setTimeout(watch, 100);
        }
    }

    try { asBefore(); } catch (error) { window.console.warn('storage:', error.name); }
}());
