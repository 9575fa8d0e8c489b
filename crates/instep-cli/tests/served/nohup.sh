#!/bin/sh
# Runs the program in UNDER_NOHUP as a user does before closing the terminal.
exec nohup "$UNDER_NOHUP" "$@"
