# Everything works on a bare machine that has Node ≥ 20.19, npm and make; `make interop` installs Debian packages too.

SHELL := /bin/bash
NODE_MODULES := node_modules/.package-lock.json
PEERS := iproute2 sip-tester tshark openssl ffmpeg kamailio kamailio-secsipid-modules baresip-core rtpengine-daemon multimon-ng sox espeak-ng

.PHONY: help setup build demo test check bench fuzz interop clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(NODE_MODULES) ## install what the lock file names

$(NODE_MODULES): package.json package-lock.json
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); if (a < 20 || (a === 20 && b < 19)) { console.error("trunkstorm needs Node 20.19 or newer, this is " + process.version); process.exit(1); }'
	npm ci --no-audit --no-fund
	@touch $@

build: setup ## compile to dist/
	npm run --silent build

demo: build ## the main job on this machine alone: trunk, calls, bad network, screen, report, verdict
	node dist/cli/main.js run demo

test: setup ## unit and loopback tests
	npm test

check: setup ## types, lint, dead code
	npm run check

bench: build ## signalling, media and relay benchmarks, beside their peers
	npm run --silent bench:signalling
	npm run --silent bench:media
	npm run --silent bench:relay

fuzz: setup ## 1,000,000 mutated SIP messages over every transport, 333,334 of RTP and RTCP, 100,000 of SDP; FUZZ="--seed 7 --count 50000 --transport tls4"
	node --import tsx test/fuzz/main.ts $(FUZZ)

interop: build ## tests against SIPp, Kamailio, rtpengine, baresip, tshark and others, installed where missing; FILES="tshark sipp-trunk" for some
	@missing=(); for p in $(PEERS); do dpkg -s $$p >/dev/null 2>&1 || missing+=($$p); done; \
	if [ $${#missing[@]} -gt 0 ]; then \
	  sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $${missing[@]}; fi
	npm run --silent test:interop -- $(FILES)

clean: ## remove what was built
	rm -rf dist coverage
