#!/bin/sh
# Runs the program in IN_TERMINAL as a terminal does: SIGHUP is not ignored, whatever the parent set.
exec env --default-signal=HUP "$IN_TERMINAL" "$@"
