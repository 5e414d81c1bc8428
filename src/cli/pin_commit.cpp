#include "cli/pin_commit.h"

#include "slipway/base/git.h"
#include "slipway/base/text.h"

namespace slipway::cli {

namespace {

constexpr int kPushes = 3;
using Words = std::vector<std::string>;

/// Runs git in the folder of the files; its output without the final line end.
class Repository {
 public:
  Repository(stdfs::path folder, std::stop_token stop) : folder_(std::move(folder)), stop_(std::move(stop)) {}

  Result<CommandResult> run(const Words& words) const { return run_git(folder_, words, stop_); }

  Result<std::string> checked(const Words& words) const {
    SLIPWAY_ASSIGN(const CommandResult done, run(words));
    if (done.status == 0) return std::string(trim(done.out));
    const std::string_view said = trim(done.err.empty() ? done.out : done.err);
    return fail(Errc::failed, "git {} failed: {}", words[0], printable(said, 2000));
  }

  /// Pushes HEAD to a branch of origin. If somebody pushed first, the commit is made again on top of theirs, in the
  /// object store alone: neither the working tree nor the index nor the local branch changes.
  Status push(const std::string& branch, const std::string& message) const {
    std::string commit = "HEAD";
    for (int attempt = 1;; ++attempt) {
      const Words words{"push", "--set-upstream", "origin", commit + ":refs/heads/" + branch};
      SLIPWAY_ASSIGN(const CommandResult done, run(words));
      if (done.status == 0) return {};
      const bool is_behind = done.err.find("rejected") != std::string::npos;
      if (!is_behind || attempt == kPushes) {
        return fail(error(is_behind ? Errc::conflict : Errc::failed, "cannot push {}: {}", printable(branch, 200),
                          printable(trim(done.err), 2000)));
      }
      SLIPWAY_ASSIGN(commit, on_top_of_theirs(branch, message));
    }
  }

 private:
  /// Returns the commit with the changes of HEAD whose parent is the branch as it is at origin.
  Result<std::string> on_top_of_theirs(const std::string& branch, const std::string& message) const {
    SLIPWAY_TRY(checked({"fetch", "--quiet", "origin", "refs/heads/" + branch}));
    SLIPWAY_ASSIGN(const std::string ahead, checked({"rev-list", "--count", "FETCH_HEAD..HEAD"}));
    if (ahead != "1") {
      return fail(error(Errc::conflict, "cannot push {}: somebody pushed first, and it has {} more commits of yours",
                        printable(branch, 200), ahead == "0" ? "no" : "some")
                      .with_hint("rebase the branch and push it yourself"));
    }
    SLIPWAY_ASSIGN(const CommandResult merged, run({"merge-tree", "--write-tree", "HEAD", "FETCH_HEAD"}));
    if (merged.status == 1) {
      return fail(error(Errc::conflict, "cannot push {}: somebody changed the same lines first", printable(branch, 200))
                      .with_hint("drop the commit, pull, and run pin again"));
    }
    if (merged.status != 0) return fail(Errc::failed, "git merge-tree failed: {}", printable(trim(merged.err), 2000));
    const std::string tree(trim(merged.out));
    return checked({"commit-tree", tree, "-p", "FETCH_HEAD", "-m", message});
  }

  stdfs::path folder_;
  std::stop_token stop_;
};

std::size_t count_changes(const std::vector<run::PinReport>& reports) {
  std::size_t count = 0;
  for (const run::PinReport& report : reports)
    count += report.changes.size();
  return count;
}

}  // namespace

std::string pin_message(const std::vector<run::PinReport>& reports) {
  const std::size_t count = count_changes(reports);
  std::string out = fmt::format("Pin {} image reference{}\n\n", count, count == 1 ? "" : "s");
  for (const run::PinReport& report : reports) {
    for (const run::PinChange& change : report.changes)
      out += fmt::format("{}:{}: {} -> {}\n", report.file, change.where.row, change.before, change.after);
  }
  return out;
}

std::string pull_request_url(const std::string& remote, const std::string& branch) {
  std::string host_and_path = remote;
  if (const std::size_t scheme = remote.find("://"); scheme != std::string::npos) {
    if (remote.starts_with("file:")) return {};
    host_and_path = remote.substr(scheme + 3);
  } else if (remote.find(':') == std::string::npos || remote.starts_with('/') || remote.starts_with('.')) {
    return {};
  }
  const std::size_t slash = host_and_path.find('/');
  if (const std::size_t at = host_and_path.find('@'); at < slash) host_and_path.erase(0, at + 1);
  // git@host:owner/name, and ssh's port, which the web does not have.
  const std::size_t colon = host_and_path.find(':');
  if (colon != std::string::npos && colon < host_and_path.find('/')) {
    const std::size_t end = host_and_path.find_first_not_of("0123456789", colon + 1);
    const bool is_port = end != colon + 1 && end != std::string::npos && host_and_path[end] == '/';
    if (is_port)
      host_and_path.erase(colon, remote.starts_with("ssh:") ? end - colon : 0);
    else
      host_and_path[colon] = '/';
  }
  host_and_path = host_and_path.substr(0, host_and_path.find('?'));
  if (host_and_path.ends_with(".git")) host_and_path.resize(host_and_path.size() - 4);
  if (host_and_path.find("gitlab") != std::string::npos)
    return fmt::format("https://{}/-/merge_requests/new?merge_request[source_branch]={}", host_and_path, branch);
  return fmt::format("https://{}/compare/{}?expand=1", host_and_path, branch);
}

Status commit_pins(Context& context, const std::vector<run::PinReport>& reports, const PinCommit& commit) {
  Words words{"commit", "--quiet", "--only", "-m", pin_message(reports), "--"};
  const std::size_t before = words.size();
  for (const run::PinReport& report : reports) {
    if (report.changed()) words.push_back(context.absolute(report.file).native());
  }
  if (words.size() == before) return {};
  const stdfs::path first = words[before];
  const Repository repository(first.parent_path(), context.stop());
  if (commit.branch) SLIPWAY_TRY(repository.checked({"switch", "--quiet", "--create", *commit.branch}));
  SLIPWAY_TRY(repository.checked(words));
  SLIPWAY_ASSIGN(const std::string id, repository.checked({"rev-parse", "HEAD"}));
  context.note(fmt::format("committed {}", id.substr(0, 12)));
  if (!commit.push) return {};
  SLIPWAY_ASSIGN(const std::string branch, repository.checked({"symbolic-ref", "--short", "HEAD"}));
  SLIPWAY_TRY(repository.push(branch, pin_message(reports)));
  SLIPWAY_ASSIGN(const std::string remote, repository.checked({"remote", "get-url", "origin"}));
  const std::string url = pull_request_url(remote, branch);
  context.note(fmt::format("pushed {}{}", branch, url.empty() ? "" : "; open a pull request at " + url));
  return {};
}

}  // namespace slipway::cli
