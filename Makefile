# Every target works on a fresh Debian 12; what is missing is installed by the target itself.
PYTHON ?= python3
SHELL := /bin/bash
BIN := .venv/bin
SUDO := $(shell command -v sudo)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## Show this help
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

.venv/run: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || (rm -rf .venv && $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq python3-venv && $(PYTHON) -m venv .venv)
	$(BIN)/pip install -q -c constraints.txt -e .
	@touch $@

.venv/test: .venv/run | peers
	$(BIN)/pip install -q -c constraints.txt -e '.[test]'
	@touch $@

demo: .venv/run ## Set up and run a server with example data on this machine
	$(BIN)/mft demo

# name of a program : the Debian package that holds it
PEERS := sftp:openssh-client ssh-keygen:openssh-client sshpass:sshpass psftp:putty-tools lftp:lftp curl:curl pg_ctlcluster:postgresql systemd-analyze:systemd slapd:slapd ldapsearch:ldap-utils gcc:gcc chromium:chromium node:nodejs npm:npm
# a header : the Debian package that holds it
HEADERS := /usr/include/ldap.h:libldap2-dev /usr/include/sasl/sasl.h:libsasl2-dev
peers: ## Install the clients, servers and the browser that the tests talk to, and what the directory's library is built with
	@missing=$$({ for peer in $(PEERS); do PATH=$$PATH:/usr/sbin command -v $${peer%%:*} >/dev/null || echo $${peer##*:}; done; \
	  for header in $(HEADERS); do test -e $${header%%:*} || echo $${header##*:}; done; \
	  python=$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("include"))'); test -e $$python/Python.h || echo python3-dev; } | sort -u); \
	  test -z "$$missing" || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq $$missing; }

# What is measured beside ours: a file of each Debian package, and the package that holds it.
RIVALS := /usr/bin/sftp:openssh-client /usr/sbin/sshd:openssh-server /usr/sbin/proftpd:proftpd-core \
  /usr/lib/proftpd/mod_sftp.so:proftpd-mod-crypto /usr/bin/go:golang-go \
  /usr/share/gocode/src/github.com/pkg/sftp:golang-github-pkg-sftp-dev \
  /usr/share/gocode/src/golang.org/x/crypto:golang-golang-x-crypto-dev
# What Debian's packages ask before they start a server (invoke-rc.d, deb-systemd-invoke): 101 forbids it.
NO_STARTS := /usr/sbin/policy-rc.d
rivals: ## Install the servers that ours is measured beside; none of them is started
	@missing=$$(for rival in $(RIVALS); do test -e $${rival%%:*} || echo $${rival##*:}; done | sort -u); \
	  test -z "$$missing" || { $(SUDO) apt-get update -qq && \
	    { test -e $(NO_STARTS) || { trap '$(SUDO) rm -f $(NO_STARTS)' EXIT && \
	      printf '#!/bin/sh\nexit 101\n' | $(SUDO) tee $(NO_STARTS) >/dev/null && $(SUDO) chmod +x $(NO_STARTS); }; } && \
	    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; }

bench: rivals .venv/test ## Measure this server beside others; SHORT=1 for a look, WITH="--measures list" for a part
	$(BIN)/python -m benchmarks.run $(if $(SHORT),--short) $(WITH)

lint: .venv/test ## Lint, formatting, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

test: peers lint ## Everything that must hold before a change lands
	$(BIN)/pytest -n 2 --dist loadgroup -m "not soak"

soak: peers .venv/test ## The longer forms of the same tests; SOAK="-k name" picks some; the result is kept in docs/soak.txt
	@set -o pipefail; { echo "commit $$(git rev-parse HEAD), $$(date -u +%F), $$(nproc) cores"; \
	  $(BIN)/pytest -m soak -n0 --timeout 7200 --durations 0 -rA -q $(SOAK) 2>&1; } | tee docs/soak.txt

pictures: peers .venv/test ## Take the pictures of the documents anew
	@command -v pngquant >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq pngquant; }
	$(BIN)/python docs/pictures/make.py

format: .venv/test ## Format the code and mend what the linter can
	$(BIN)/ruff check --fix-only . && $(BIN)/ruff format .

.PHONY: help demo peers rivals bench lint test soak pictures format
.DEFAULT_GOAL := help
