# moat. `make help` lists what there is to do.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Compiling the AWS SDK takes long, so what was compiled survives a fresh clone.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/moat/target
export SAM_CLI_TELEMETRY := 0
TOOLS := $(CURDIR)/.tools/sam/bin
FUNCTIONS := moat-spec moat-preflight moat-network moat-ingress moat-service moat-verify moat-rollout moat-drift moat-teardown
# The stack's name, for deploy, destroy and the local AWS.
STACK ?= moat
export STACK

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install the pinned tools into .tools, unless they are there
	@scripts/setup

.PHONY: build
build: build-functions build-cli ## Compile the Lambdas (release) and the moat command

# One command for all functions: cargo compiles what they share once. cargo-lambda is run from beside what it compiles
# (scripts/claim-target says why), and finds its linker, zig, in .tools.
.PHONY: build-functions
build-functions: setup
	@scripts/claim-target
	@PATH="$(CARGO_TARGET_DIR)/bin:$(TOOLS):$$PATH" cargo lambda build --release --locked --lambda-dir .build/lambda $(addprefix -p ,$(FUNCTIONS))

.PHONY: build-cli
build-cli:
	@scripts/claim-target
	@cargo build --locked -p moat-cli

.PHONY: demo
demo: build ## On a local AWS: provision events/provision/hello.json, push, drift, mend, tear down
	@scripts/demo

.PHONY: local
local: build ## Start a local AWS on port 4566 (MOAT_LOCAL_PORT) with moat deployed, and leave it running
	@scripts/local-up
	@scripts/local-deploy
	@echo "moat is deployed to it: region us-east-1, key test, secret test. \`make local-down\` ends it."

.PHONY: local-down
local-down: ## End the local AWS that `make local` or `make demo` started
	@scripts/local-down

.PHONY: test
test: ## Run all tests, the one on a local AWS too, and end with the count
	@scripts/test

.PHONY: check
check: lint ## Everything that is checked without running it: lint, licences, dependencies, the JSON schema
	@scripts/check

.PHONY: lint
lint: setup ## Check format, clippy and the template
	@scripts/claim-target
	@cargo fmt --all --check
	@cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
	@$(TOOLS)/cfn-lint --regions us-east-1 -- infra/template.yaml
	@AWS_DEFAULT_REGION=us-east-1 $(TOOLS)/sam validate --lint --template-file infra/template.yaml

.PHONY: fmt
fmt: ## Format the Rust code
	@cargo fmt --all

.PHONY: package
package: build ## Put template, state machines and Lambdas into .build/moat.tar.gz, for `sam deploy` elsewhere
	@tar -czf .build/moat.tar.gz infra .build/lambda
	@echo ".build/moat.tar.gz: unpack it and run sam deploy --template-file infra/template.yaml --guided"

.PHONY: deploy
deploy: build ## Deploy to the AWS account of your credentials, after showing the changes (STACK=moat)
	@scripts/deploy

.PHONY: destroy
destroy: setup ## Remove moat itself from the account (STACK=moat); networks and services that it made stay
	@$(TOOLS)/sam delete --stack-name "$$STACK"

.PHONY: bench
bench: build-functions ## Measure a provision: AWS API calls, time against the critical path, and each Lambda
	@scripts/bench

.PHONY: clean
clean: ## End the local AWS and remove .build and .local; .tools and compiled dependencies stay
	@scripts/local-down
	@rm -rf .build .local
