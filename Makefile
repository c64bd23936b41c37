# `make run` and `make test` are the two commands of the README. Each installs what it needs through apt, by name and only when
# it is missing, then runs. Everything else is in `make help`.

CARGO ?= cargo
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60

# What each purpose needs from Debian 12, by package name.
# Building: a linker and a C compiler (aws-lc, SQLite), and the headers of PC/SC.
BUILD_PACKAGES := gcc libc6-dev pkg-config libpcsclite-dev
# Tests: openssl is the outside oracle, PostgreSQL the second engine, Python runs the verifier of the manual, systemd-analyze
# and its kin read the unit files. aiosmtpd is the relay of the tests, icalendar the outside reader of our calendars. Cards are read
# over the real pcscd with virtual readers (vsmartcard-vpcd); OpenSC reads the virtual card beside us. slapd is the directory
# revocation lists come from (ldap-utils fills it). strace shows that nothing is asked of the network for certificates nobody vouches for.
# gcc, from above, makes what kills the daemon at a commit point; faketime sets the clock under it. SoftHSM stands in for a PKCS#11
# module of cards, behind the spy of opensc-pkcs11.
TEST_PACKAGES := $(BUILD_PACKAGES) openssl postgresql python3 python3-aiosmtpd python3-icalendar systemd pcscd vsmartcard-vpcd opensc \
	slapd ldap-utils strace faketime softhsm2 opensc-pkcs11
# Figures: openssl is the peer.
BENCH_PACKAGES := $(BUILD_PACKAGES) openssl

UNITS := $(PREFIX)/lib/systemd/system
# polkit reads /usr/share and /etc, never /usr/local.
POLKIT_RULES := $(if $(filter /usr,$(PREFIX)),/usr/share,/etc)/polkit-1/rules.d

.DEFAULT_GOAL := help
.PHONY: help run test check bench fmt fuzz build install deny setup setup-run setup-test setup-bench

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

# The development profile: what is slow without optimisation (key generation, SQLite) is optimised in it too, it is built in half
# the time of a release, and `make test` uses the same objects.
run: setup-run ## a fictional structure and the daemon watching it; prints the address of its page
	$(CARGO) run --locked -- demo

test: setup-test ## every test
	@$(test)

# Tests last, so that their closing lines are the last ones. Clippy and the documentation share one set of metadata, the tests
# the other; no set is built twice.
check: setup-test ## what CI runs: format, lints, documentation, dependencies, tests
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --lib
	@$(deny)
	@$(test)

bench: setup-bench ## figures against the peers and the floor, in one run
	$(CARGO) bench --locked --bench vigie

fmt: ## format the sources
	$(CARGO) fmt --all

deny: ## licences, bans and sources of the dependencies, and advisories (network)
	$(CARGO) deny --locked check

# cargo-fuzz asks rustc for unstable flags: RUSTC_BOOTSTRAP spares a nightly toolchain. No sanitizer: there is no unsafe code here.
fuzz: setup-run ## every fuzz target for FUZZ_SECONDS each (needs cargo-fuzz)
	@$(CARGO) fuzz --version >/dev/null 2>&1 || { echo "cargo-fuzz is not installed: cargo install cargo-fuzz --locked" >&2; exit 1; }
	@targets=$$($(CARGO) fuzz list --fuzz-dir tests/fuzz) && for target in $$targets; do \
		echo "== $$target"; \
		RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run --fuzz-dir tests/fuzz --sanitizer none $$target -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=16384 || exit 1; \
	done

build: setup-run ## the release binary
	$(CARGO) build --locked --release

# `make build`, then `make install` as root: root needs no Rust toolchain.
install: target/release/vigie ## binary, systemd files, documentation and sample configuration into DESTDIR
	install -D -m 0755 target/release/vigie $(DESTDIR)$(PREFIX)/bin/vigie
	install -d $(DESTDIR)$(UNITS)
	sed -e 's#/usr/bin/#$(PREFIX)/bin/#' -e 's#/usr/share/#$(PREFIX)/share/#' systemd/vigie.service > $(DESTDIR)$(UNITS)/vigie.service
	chmod 0644 $(DESTDIR)$(UNITS)/vigie.service
	install -D -m 0644 systemd/vigie.sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/vigie.conf
	install -D -m 0644 systemd/vigie.tmpfiles.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/vigie.conf
	install -D -m 0644 systemd/vigie.polkit.rules $(DESTDIR)$(POLKIT_RULES)/50-vigie.rules
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/doc/vigie README.md CHANGELOG.md docs/manual.md docs/fr/premiers-pas.md \
		systemd/vigie.service.d/read-all.conf.example config/vigie.toml
	test -e $(DESTDIR)/etc/vigie/vigie.toml || install -D -m 0640 config/vigie.toml $(DESTDIR)/etc/vigie/vigie.toml
	@if [ -z "$(DESTDIR)" ]; then printf '%s\n' "Next, once:" "  systemd-sysusers && systemd-tmpfiles --create" \
		"  systemctl daemon-reload" "  vigie config check && systemctl enable --now vigie"; fi

target/release/vigie:
	$(MAKE) build

setup: setup-test setup-bench ## Debian packages for everything

setup-run: ## Debian packages for building
	@$(call packages,$(BUILD_PACKAGES))
	@$(toolchain)

setup-test: ## Debian packages for the tests
	@$(call packages,$(TEST_PACKAGES))
	@$(toolchain)

setup-bench: ## Debian packages for the figures
	@$(call packages,$(BENCH_PACKAGES))
	@$(toolchain)

# Installs those of the packages that are missing. When none is, nothing is asked of the network and nobody needs to be root.
define packages
if ! command -v dpkg-query >/dev/null; then \
	echo "not a Debian system: what these packages hold is taken to be there: $(1)" >&2; exit 0; \
fi; \
missing=; \
for package in $(1); do \
	dpkg-query -W -f '$${db:Status-Status}\n' "$$package" 2>/dev/null | grep -qx installed || missing="$$missing $$package"; \
done; \
[ -n "$$missing" ] || exit 0; \
echo "installing:$$missing"; \
if [ "$$(id -u)" = 0 ]; then root=; elif command -v sudo >/dev/null; then root=sudo; else \
	echo "run as root: apt-get update && apt-get install --no-install-recommends$$missing" >&2; exit 1; \
fi; \
$$root apt-get update -q && \
$$root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing
endef

define toolchain
command -v $(CARGO) >/dev/null || { echo "no Rust toolchain: see https://rustup.rs" >&2; exit 1; }
endef

# nextest where it is installed: its processes do not share a fate, and its summary is shorter. The library has no doc tests.
define test
if $(CARGO) nextest --version >/dev/null 2>&1; then \
	set -x; $(CARGO) nextest run --locked --no-fail-fast; \
else \
	set -x; $(CARGO) test --locked --no-fail-fast; \
fi
endef

# Advisories change by the day and need the network: they are for `make deny`, not for a check that must give the same answer
# tomorrow.
define deny
if $(CARGO) deny --version >/dev/null 2>&1; then \
	set -x; $(CARGO) deny --locked --offline check bans licenses sources; \
else \
	echo "cargo-deny is not installed: licences and bans are not checked here (cargo install cargo-deny --locked)"; \
fi
endef
