#!/bin/sh
# Fake server for the tests of test-support. Usage: fake-server.sh serve HOW ...
how=$2
trap 'echo "stopping"; exit 0' TERM
case $how in
  panics) echo "thread 'main' panicked at src/main.rs:1:1:" >&2 ;;
  fails) trap 'exit 3' TERM ;;
  stubborn) trap '' TERM ;;
esac
echo "first line"
echo "Open http://127.0.0.1:8080/"
case $how in
  talks) i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i + 1)); done; echo "all said" >&2 ;;
  leaves) exit 7 ;;
esac
# Short, because a signal is handled only after it.
while true; do sleep 0.02; done
