#!/bin/sh
echo "STAND-IN: there is no Java machine here whose state could be collected." >&2
exit 1
