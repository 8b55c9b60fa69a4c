.PHONY: demo test

# The gateway with its mock services on 127.0.0.1:8080, and curl lines to try.
demo:
	@scripts/demo.sh

test:
	cargo test --workspace
