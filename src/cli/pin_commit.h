#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/context.h"
#include "slipway/run/pin.h"

namespace slipway::cli {

/// How pinned files go into git.
struct PinCommit {
  std::optional<std::string> branch;  ///< created from the current one; without it the current branch gets the commit
  bool push = false;
};

/// Returns an error if the changed files of reports could not be committed alone, before any of them is written:
/// Errc::invalid_argument if they are not tracked by one repository or no branch could be pushed, Errc::conflict if one
/// has other changes, a merge is under way or the new branch exists. Nothing is changed.
Status check_commit(Context& context, const std::vector<run::PinReport>& reports, const PinCommit& commit);

/// Commits the changed files of reports, and nothing else of the working tree or the index, with a message that lists
/// what moved. Author and committer are git's own. With `push` the branch is pushed to origin; if somebody pushed
/// first, the commit is made again on top of theirs and pushed, three times at most, and the local branch stays as it
/// is. Errc::conflict if they changed the same lines. Prints the commit, and after a push the address that opens a pull
/// request. Does nothing if no file changed.
Status commit_pins(Context& context, const std::vector<run::PinReport>& reports, const PinCommit& commit);

/// Returns the message of that commit: a subject and one line for each reference.
std::string pin_message(const std::vector<run::PinReport>& reports);

/// Returns the web address that opens a pull or merge request of a branch, from the remote's URL without its secrets;
/// empty if the URL is not one of a server.
std::string pull_request_url(const std::string& remote, const std::string& branch);

}  // namespace slipway::cli
