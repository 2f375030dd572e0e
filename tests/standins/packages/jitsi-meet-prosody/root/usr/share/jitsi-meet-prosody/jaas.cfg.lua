-- STAND-IN for the telephony sample. Nothing uses it: it is not linked into conf.d.
VirtualHost "jigasi.meet.jitsi"
    enabled = false
