/* Managed by jitsi-provision. Drops settings that a crafted link tries to set behind its "#":
   nearly every protection of this server could be switched off for one browser that way. Runs
   before any script of Jitsi. */
(function () {
    'use strict';
    var blocked = /^(config|interfaceConfig|iceServers|devices|userInfo|appData)\b/;
    var hash = window.location.hash.replace(/^#/, '');
    if (!hash) { return; }
    var kept = hash.split('&').filter(function (part) {
        var name = part.split('=')[0];
        try { name = decodeURIComponent(name); } catch (error) { return false; }
        return !blocked.test(name.trim());
    });
    if (kept.join('&') !== hash) {
        window.history.replaceState(window.history.state, '',
            window.location.pathname + window.location.search + (kept.length ? '#' + kept.join('&') : ''));
    }
}());
