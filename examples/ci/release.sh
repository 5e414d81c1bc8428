#!/bin/sh
# Build, push, release to staging, wait for the approval, promote, pin, and open the change in a GitOps repository.
# Runs where slipway.yaml is; every other CI recipe here calls one step of it at a time.
#
#   release.sh build|staging|production|gitops|all
#
# GITOPS_REPO    git URL of the repository with the manifests     (gitops)
# GITOPS_PATH    what is pinned in it, default: .                 (gitops)
# GITOPS_BRANCH  where the change is to go, default: main         (gitops)
# OPEN_CHANGE    a command that opens the change, run in the clone with the new branch pushed; for example
#                "gh pr create --fill"                            (gitops)
# APPROVAL_WAIT  seconds to wait for approvals, soak time and freezes, default: 3600 (production)
set -eu

say() { printf '%s\n' "release.sh: $*" >&2; }

build() { slipway build --push; }

staging() { slipway release staging; }

# Exit status 11 is a policy's refusal. Waiting helps only if nothing but time or approvals is missing: then a dry run
# shows the plan and ends with 0. Anything else is final.
production() {
  deadline=$(($(date +%s) + ${APPROVAL_WAIT:-3600}))
  while :; do
    status=0
    slipway promote staging production || status=$?
    [ "$status" = 11 ] || return "$status"
    if ! slipway promote staging production --dry-run >/dev/null 2>&1; then
      say "waiting does not change this refusal"
      return 11
    fi
    if [ "$(date +%s)" -ge "$deadline" ]; then
      say "production still refuses after ${APPROVAL_WAIT:-3600} s"
      return 11
    fi
    sleep "${APPROVAL_INTERVAL:-30}"
  done
}

gitops() {
  : "${GITOPS_REPO:?the git URL of the repository with the manifests}"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  git clone --quiet --depth 1 --branch "${GITOPS_BRANCH:-main}" "$GITOPS_REPO" "$work/gitops"
  slipway verify production >/dev/null
  slipway pin --env production "$work/gitops/${GITOPS_PATH:-.}"
  if git -C "$work/gitops" diff --quiet; then
    say "$GITOPS_REPO has this release already"
    return 0
  fi
  release=$(slipway show production -o json | sed -n 's/.*"number": *\([0-9]*\).*/v\1/p' | head -n 1)
  branch="slipway/production-$release"
  git -C "$work/gitops" checkout --quiet -b "$branch"
  git -C "$work/gitops" commit --quiet --all --message "production: $release" --message "$(slipway show production)"
  # The branch is this script's own: an earlier run's commit is replaced, somebody else's newer one is not.
  before=$(git -C "$work/gitops" ls-remote origin "refs/heads/$branch" | cut -f 1)
  git -C "$work/gitops" push --quiet --force-with-lease="refs/heads/$branch:$before" origin "HEAD:refs/heads/$branch"
  say "pushed $branch"
  if [ -n "$before" ]; then
    say "the change of an earlier run was updated"
  elif [ -n "${OPEN_CHANGE:-}" ]; then
    (cd "$work/gitops" && sh -c "$OPEN_CHANGE")
  fi
}

case "${1:-}" in
  build | staging | production | gitops) "$1" ;;
  all)
    build
    staging
    production
    gitops
    ;;
  *)
    say "usage: release.sh build|staging|production|gitops|all"
    exit 2
    ;;
esac
