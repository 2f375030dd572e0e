#!/bin/sh
echo "STAND-IN: nothing is sent to anybody." >&2
exit 1
