#!/bin/sh
# Runs the program that IN_TERMINAL names as a terminal does: SIGHUP is not ignored, whatever started this.
exec env --default-signal=HUP "$IN_TERMINAL" "$@"
