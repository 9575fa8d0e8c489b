#!/bin/sh
# Runs the program that UNDER_NOHUP names as a user does who closes the terminal afterwards.
exec nohup "$UNDER_NOHUP" "$@"
