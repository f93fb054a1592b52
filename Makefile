# The commands of this repository; `make help` lists them. They find a JDK 25 by themselves (JAVA_HOME, /usr/lib/jvm)
# and install with tools/install-deps what is missing, so a bare Debian with a JDK 25 is enough.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help build test demo bench sim chaos containers watchdog-vm systemd-check format clean

ifneq ($(filter build test demo bench sim chaos containers watchdog-vm systemd-check format clean,$(MAKECMDGOALS)),)
export JAVA_HOME := $(shell . packaging/lib/find-java && find_java jdk)
ifeq ($(JAVA_HOME),)
$(error no JDK 25, see above)
endif
endif
MVN := mvn -B -ntp

# make sim SEEDS=2000 FROM=1 | make sim SEED=17; MODE=failsafe and others, see Simulation.Mode
SEEDS ?= 2000
FROM ?= 1
sim_args = $(if $(SEED),--seed $(SEED),--seeds $(SEEDS) --from $(FROM)) $(if $(MODE),--mode $(MODE))

# make chaos MINUTES=10 MODE=async|sync|strict|quorum|failsafe SEED=17 (chosen by chance where it isn't given)
MINUTES ?= 10
chaos_args = --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) $(if $(MODE),--mode $(MODE))

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 13

build: ## the distribution in target/kumki (bin/kumki, bin/kumkictl, lib/)
	tools/install-deps build
	tools/make-distribution

test: ## all tests of all modules, with real etcd and PostgreSQL; what CI runs
	tools/install-deps test
	tools/install-deps browser || echo "NO CHROMIUM: the dashboard's test is skipped" >&2
	tools/install-deps containers || echo "NO DOCKER: the tests of image and compose clusters are skipped" >&2
	tools/fetch-patroni4 >/dev/null || echo "NO PATRONI 4: the mixed cluster's test is skipped" >&2
	tools/fetch-postgres-majors >/dev/null || echo "NOT ALL POSTGRESQL MAJORS: the tests of the missing ones are skipped" >&2
	$(MVN) -q spotless:check
	tools/make-distribution
	$(MVN) --fail-at-end verify
	CHAOS_IF_POSSIBLE=yes tools/run-chaos --minutes 0.5 --seed 1 --mode sync
	CONTAINERS_IF_POSSIBLE=yes tools/run-containers

demo: ## three nodes and an etcd on this machine until Ctrl-C; ARGS=--check kills the primary, looks, and ends
	tools/install-deps demo
	tools/make-distribution
	tools/demo $(ARGS)

bench: ## failover gaps, REST throughput and memory on this machine
	tools/install-deps bench
	tools/make-distribution
	bench/run $(ARGS)

sim: ## the simulation: SEEDS=2000 FROM=1, or SEED=17 for one with its trace; MODE=sync, restored, failsafe, remote, gone, silent
	tools/install-deps build
	tools/run-simulation $(sim_args)

chaos: ## faults for MINUTES=10 on hosts made of network namespaces, as root; SEED=, MODE=async, sync, strict, quorum, failsafe
	tools/install-deps build chaos
	tools/make-distribution
	tools/run-chaos $(chaos_args)

containers: ## image and compose clusters under faults, with a Docker engine that it starts by itself as root; TEST=HaClusterIT
	tools/install-deps build containers
	tools/make-distribution
	tools/run-containers $(TEST)

watchdog-vm: ## the agent's watchdog code with real drivers in a virtual machine, which is reset when it freezes
	tools/install-deps build watchdog-vm
	tools/make-distribution
	tools/watchdog-vm

systemd-check: ## the unit file under a real systemd in namespaces of its own, as root
	tools/install-deps build
	tools/make-distribution
	tools/systemd-check

format: ## google-java-format over all sources
	$(MVN) -q spotless:apply

clean: ## remove everything that was built
	$(MVN) -q clean
	rm -rf target
