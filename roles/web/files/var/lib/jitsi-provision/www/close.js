/* Managed by jitsi-provision. Empties what a conference left in this browser: school devices are
   shared. The header Clear-Site-Data does the same, but older tablets do not know it. */
(function () {
    'use strict';
    try { window.localStorage.clear(); } catch (error) { /* No storage: nothing is left in it. */ }
    try { window.sessionStorage.clear(); } catch (error) { /* As above. */ }
    if (window.caches) {
        window.caches.keys().then(function (names) { names.forEach(function (name) { window.caches.delete(name); }); });
    }
    if (navigator.serviceWorker) {
        navigator.serviceWorker.getRegistrations().then(function (workers) {
            workers.forEach(function (worker) { worker.unregister(); });
        });
    }
}());
