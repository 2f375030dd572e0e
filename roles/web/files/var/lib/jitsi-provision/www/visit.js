/* Managed by jitsi-provision. What a visit to a room begins with, and what it leaves: nothing.
   Runs before any script of Jitsi. */
(function () {
    'use strict';
    var room = window.location.pathname;

    // What the client stores (names, rooms, devices) lasts as long as this tab: school devices are
    // shared. Hanging up leads to a page that empties everything, but most people close the tab, or
    // the browser ends. So nothing is ever written to what outlives the tab: the client gets the
    // tab's own storage under the other's name. What a former release of ours left there goes.
    function onlyHere() {
        var own = window.sessionStorage;
        forget();
        window.localStorage.clear();
        Object.defineProperty(window, 'localStorage', { configurable: false, enumerable: true, value: own });
    }
    // The page for those who are offline, and the program that would show it. The server no longer
    // hands that out.
    function forget() {
        if (window.caches) {
            window.caches.keys().then(function (names) {
                names.forEach(function (name) { window.caches.delete(name); });
            });
        }
        if (window.navigator.serviceWorker) {
            window.navigator.serviceWorker.getRegistrations().then(function (workers) {
                workers.forEach(function (worker) { worker.unregister(); });
            });
        }
    }
    // Microphone and camera stay off until somebody switches them on. The client reads this from
    // its own storage first, where "on" is what nothing means, and never comes to the server's word.
    function mute() {
        var settings = JSON.parse(window.localStorage.getItem('features/base/settings')) || {};
        settings.startWithAudioMuted = true;
        settings.startWithVideoMuted = true;
        window.localStorage.setItem('features/base/settings', JSON.stringify(settings));
    }
    // The client takes "login=true" off the address. A teacher who reloads would knock at the lobby
    // like a guest, log in there, and stand on the list of those who wait until the page is closed.
    function stayTeacher() {
        if (/[?&]login=true(&|$)/.test(window.location.search)) {
            window.sessionStorage.setItem('school/teacher', room);
        } else if (!window.location.search && window.sessionStorage.getItem('school/teacher') === room) {
            window.history.replaceState(window.history.state, '', window.location.origin + room + '?login=true');
        }
    }

    // The client writes "Klasse 7 B" for "Klasse-7b". Inside the page config.js says better; for the
    // title of the window there is no setting.
    function nameTheWindow() {
        var name = decodeURIComponent(room.slice(1));
        new window.MutationObserver(function () {
            var rest = document.title.lastIndexOf(' | ');
            if (rest !== -1 && document.title.slice(0, rest) !== name) {
                document.title = name + document.title.slice(rest);
            }
        }).observe(document.head, { childList: true, subtree: true, characterData: true });
    }

    // The field for the name asks the browser to remember what is typed there. It would offer a pupil's
    // name to the next one on the same device, and no page can take it back.
    function keepNoName() {
        function look() {
            var field = document.getElementById('premeeting-name-input');
            if (field && field.autocomplete !== 'off') { field.autocomplete = 'off'; }
        }
        new window.MutationObserver(look).observe(document, { childList: true, subtree: true });
    }

    // A browser that allows no storage keeps nothing anyway.
    [onlyHere, mute, stayTeacher, nameTheWindow, keepNoName].forEach(function (step) {
        try { step(); } catch (error) { window.console.warn('visit:', error.name); }
    });
}());
