/* STAND-IN: a service worker that does nothing. */
