.PHONY: demo test lint bench fmt fuzz

# The gateway with its mock services on 127.0.0.1:8080, and curl lines to try.
demo:
	@scripts/demo.sh

# Installs what the tests need and runs them all.
test: tests/node_modules
	@scripts/install.sh jq redis-server nginx haproxy chromium
	cargo test --workspace --locked

# The OpenID provider and the driver of the browser, as the lock file has them, and the node that runs both.
tests/node_modules: tests/package-lock.json
	@scripts/install.sh npm
	cd tests && npm ci --loglevel=error
	@touch $@

# What must be clean before anything lands.
lint:
	@scripts/install.sh cargo-deny
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --locked
	cargo deny --log-level error check bans licenses sources

fmt:
	cargo fmt --all

# The gateway beside a hand-written handler of the same dashboard: bench/README.md.
bench:
	@scripts/install.sh wrk redis-server
	cargo build --release --locked -p frontdesk -p bench -p upstream-mocks
	$${CARGO_TARGET_DIR:-target}/release/bench $(BENCH)

# Every fuzz target for so many seconds: `make fuzz SECONDS=600 TARGETS="jq config"`.
SECONDS = 60
fuzz:
	@scripts/install.sh cargo-fuzz
	scripts/fuzz.sh $(SECONDS) $(TARGETS)
