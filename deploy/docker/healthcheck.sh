#!/usr/bin/env bash
# Succeeds when the server in this container is ready. In bash alone: the runtime images have neither curl nor wget.
exec 3<>"/dev/tcp/127.0.0.1/${1:-8000}" || exit 1
printf 'GET /health/ready HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
read -r _ status _ <&3
[[ $status == 200 ]]
