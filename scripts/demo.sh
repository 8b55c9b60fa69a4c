#!/usr/bin/env bash
# Runs the gateway with its mock services, and says what to try. Ctrl-C stops all of it.
set -euo pipefail
cd "$(dirname "$0")/.."

gateway=127.0.0.1:8080
admin=127.0.0.1:9090
target=${CARGO_TARGET_DIR:-target}/debug

cargo build -p frontdesk -p upstream-mocks

pids=()
stop() {
    trap - EXIT INT TERM
    kill "${pids[@]}" 2>/dev/null || true
    wait || true
}
trap stop EXIT
trap 'exit 0' INT TERM

"$target/upstream-mocks" --backchannel-logout-uri "http://$gateway/auth/backchannel-logout" >/dev/null &
pids+=($!)
"$target/frontdesk" --config config serve &
pids+=($!)

# Both still run; or the one that has ended has said why.
running() {
    for pid in "${pids[@]}"; do
        kill -0 "$pid" 2>/dev/null || { wait "$pid" || exit $?; exit 1; }
    done
}
answers() { "$target/upstream-mocks" healthcheck "$1" >/dev/null 2>&1; }

until answers http://127.0.0.1:7009/health && answers "http://$admin/readyz"; do
    running
    sleep 0.1
done
running

cat <<END

Open http://$gateway in a browser, and sign in as one of the demo's users.

The gateway's services are at 127.0.0.1:7000 to 7009. Try, in another terminal:

  # who has signed in, and an end to it
  $target/frontdesk sessions list
  $target/frontdesk sessions revoke --sub u1

  # a session token, from the mock issuer
  TOKEN=\$(curl -s '127.0.0.1:7000/token?sub=u1')

  # the dashboard: three services, asked side by side, in one reply
  curl -si $gateway/api/v1/dashboard -H "authorization: Bearer \$TOKEN"

  # 401: no token
  curl -si $gateway/api/v1/dashboard

  # 404: the service knows no such user
  curl -si $gateway/api/v1/users/u999 -H "authorization: Bearer \$TOKEN"

  # a miss, then a hit of what all share; a purchase revalidates it; so does the operator
  for i in 1 2; do curl -si $gateway/api/v1/products | grep -i '^frontdesk-cache'; done
  curl -si $gateway/api/v1/checkout -H "authorization: Bearer \$TOKEN" -H 'content-type: application/json' -d '{"sku": "mug", "card": "card_ok"}'
  curl -si $gateway/api/v1/products | grep -i '^frontdesk-cache'
  $target/frontdesk revalidate products

  # a partial reply: statistics that are not kept yet fail once, the rest is there
  curl -s -X PUT 127.0.0.1:7002/_control/faults -d '{"path": "/stats/*", "fault": "status", "status": 503, "times": 1}'
  curl -si "$gateway/api/v1/dashboard?days=7" -H "authorization: Bearer \$TOKEN"

  # 504: the profile, which nothing can replace, hangs once
  curl -s -X PUT 127.0.0.1:7001/_control/faults -d '{"path": "/users/u1", "fault": "hang", "times": 1}'
  curl -si $gateway/api/v1/dashboard -H "authorization: Bearer \$TOKEN"

  # 201, and a card that is declined: two changes in order
  curl -si $gateway/api/v1/checkout -H "authorization: Bearer \$TOKEN" -H 'content-type: application/json' -d '{"sku": "mug", "card": "card_ok"}'
  curl -si $gateway/api/v1/checkout -H "authorization: Bearer \$TOKEN" -H 'content-type: application/json' -d '{"sku": "mug", "card": "card_declined"}'

  # bought once, asked twice: the second reply is the first one again
  for i in 1 2; do curl -si $gateway/api/v1/checkout -H "authorization: Bearer \$TOKEN" -H 'idempotency-key: 8e03978e-40d5-43dd-bc93-6894a57f9324' -H 'content-type: application/json' -d '{"sku": "mug", "card": "card_ok"}'; done

  # a webhook: signed by the payment provider, served once; the same line again makes no second order
  EVENT='{"id": "evt_1", "type": "checkout.completed", "data": {"sku": "mug", "charge": "ch_77"}}' NOW=\$(date +%s)
  SIGNATURE=\$(printf '%s' "\$NOW.\$EVENT" | openssl dgst -sha256 -hmac whsec_demo_secret_of_payments -r | cut -d' ' -f1)
  curl -si $gateway/api/v1/webhooks/payments -H "stripe-signature: t=\$NOW,v1=\$SIGNATURE" -H 'content-type: application/json' -d "\$EVENT"

Endpoints are files in config/routes; faults are in upstream-mocks/README.md. Ctrl-C stops.

END

wait -n "${pids[@]}"
