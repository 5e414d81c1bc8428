#include "cli/pin_commit.h"

#include <algorithm>
#include <array>

#include "cli/next_step.h"
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
    return fail(error(Errc::failed, "git {} failed: {}", words[0], printable(said, 2000))
                    .with_hint("look at the repository: git status; the files are pinned already"));
  }

  Result<bool> succeeds(const Words& words) const {
    SLIPWAY_ASSIGN(const CommandResult done, run(words));
    return done.status == 0;
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
                          printable(trim(done.err), 2000))
                        .with_hint("push the commit yourself: git push origin HEAD:" + shell_word(branch)));
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
                      .with_hint(fmt::format("run: git pull --rebase origin {0}, then: git push origin HEAD:{0}",
                                             shell_word(branch))));
    }
    SLIPWAY_ASSIGN(const CommandResult merged, run({"merge-tree", "--write-tree", "HEAD", "FETCH_HEAD"}));
    if (merged.status == 1) {
      return fail(error(Errc::conflict, "cannot push {}: somebody changed the same lines first", printable(branch, 200))
                      .with_hint("run: git reset --hard HEAD~1, then git pull, then slipway pin --commit again"));
    }
    if (merged.status != 0)
      return fail(error(Errc::failed, "git merge-tree failed: {}", printable(trim(merged.err), 2000))
                      .with_hint("run: git pull --rebase origin " + shell_word(branch)));
    const std::string tree(trim(merged.out));
    // Unlike commit, commit-tree signs only when it is told to.
    SLIPWAY_ASSIGN(const CommandResult signs, run({"config", "--type=bool", "--get", "commit.gpgsign"}));
    const bool is_signed = signs.status == 0 && trim(signs.out) == "true";
    Words words{"commit-tree", tree, "-p", "FETCH_HEAD", "-m", message};
    if (is_signed) words.push_back("-S");
    return checked(words);
  }

  stdfs::path folder_;
  std::stop_token stop_;
};

Words changed_files(Context& context, const std::vector<run::PinReport>& reports) {
  Words files;
  for (const run::PinReport& report : reports) {
    if (report.changed()) files.push_back(context.absolute(report.file).native());
  }
  return files;
}

Repository repository_of(Context& context, const Words& files) {
  return Repository(stdfs::path(files.front()).parent_path(), context.stop());
}

Words with_files(Words words, const Words& files) {
  words.insert(words.end(), files.begin(), files.end());
  return words;
}

Status check_branch(const Repository& repository, const PinCommit& commit) {
  if (commit.branch) {
    SLIPWAY_ASSIGN(const bool exists,
                   repository.succeeds({"rev-parse", "--quiet", "--verify", "refs/heads/" + *commit.branch}));
    if (!exists) return {};
    return fail(error(Errc::conflict, "the branch {} exists already", printable(*commit.branch, 200))
                    .with_hint("give another name with --branch, or switch to it and leave --branch out"));
  }
  if (!commit.push) return {};
  SLIPWAY_ASSIGN(const bool is_on_branch, repository.succeeds({"symbolic-ref", "--quiet", "HEAD"}));
  if (is_on_branch) return {};
  return fail(
      error(Errc::invalid_argument, "cannot push: HEAD is not on a branch").with_hint("give one with --branch"));
}

std::size_t count_changes(const std::vector<run::PinReport>& reports) {
  std::size_t count = 0;
  for (const run::PinReport& report : reports)
    count += report.changes.size();
  return count;
}

/// A kind of server by what its addresses have in them, and its page that opens a pull request of a branch.
struct Server {
  std::string_view mark, before, after;
};
// GitHub's page is also that of Gitea and Forgejo.
constexpr std::array kServers{Server{"gitlab", "/-/merge_requests/new?merge_request[source_branch]=", ""},
                              Server{"bitbucket.org/", "/pull-requests/new?source=", ""},
                              Server{"dev.azure.com/", "/pullrequestcreate?sourceRef=", ""},
                              Server{"", "/compare/", "?expand=1"}};

/// Returns host and path of a repository's page, without secrets; empty if the remote is not one of a server.
std::string web_page_of(const std::string& remote) {
  const std::size_t scheme = remote.find("://");
  const bool is_url = scheme != std::string::npos;
  std::string page = is_url ? remote.substr(scheme + 3) : remote;
  if (remote.starts_with("file:") || remote.starts_with('/') || remote.starts_with('.')) return {};
  if (!is_url && page.find(':') == std::string::npos) return {};
  if (const std::size_t at = page.find('@'); at < page.find('/')) page.erase(0, at + 1);
  const std::size_t colon = page.find(':');
  const std::size_t slash = page.find('/');
  if (!is_url) {
    page[colon] = '/';  // git@host:owner/name
  } else if (colon < slash && slash != std::string::npos && remote.starts_with("ssh:")) {
    page.erase(colon, slash - colon);  // ssh's port is not the web's
  }
  page = page.substr(0, page.find('?'));
  if (page.ends_with(".git")) page.resize(page.size() - 4);
  return page;
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
  const std::string page = web_page_of(remote);
  if (page.empty()) return {};
  const auto* server = std::find_if(kServers.begin(), kServers.end(),
                                    [&](const Server& known) { return page.find(known.mark) != std::string::npos; });
  return fmt::format("https://{}{}{}", page, server->before, branch) + std::string(server->after);
}

Status check_commit(Context& context, const std::vector<run::PinReport>& reports, const PinCommit& commit) {
  const Words files = changed_files(context, reports);
  if (files.empty()) return {};
  const Repository repository = repository_of(context, files);
  SLIPWAY_ASSIGN(const CommandResult tracked, repository.run(with_files({"ls-files", "--error-unmatch", "--"}, files)));
  if (tracked.status != 0) {
    return fail(error(Errc::invalid_argument, "cannot commit: {}", printable(trim(tracked.err), 2000))
                    .with_hint("add the files to the repository first, or leave out --commit"));
  }
  SLIPWAY_TRY(check_branch(repository, commit));
  SLIPWAY_ASSIGN(const bool is_merging, repository.succeeds({"rev-parse", "--quiet", "--verify", "MERGE_HEAD"}));
  if (is_merging) return fail(error(Errc::conflict, "cannot commit: a merge is under way").with_hint("end it first"));
  SLIPWAY_ASSIGN(const std::string others,
                 repository.checked(with_files({"diff", "--name-only", "HEAD", "--"}, files)));
  if (others.empty()) return {};
  return fail(error(Errc::conflict, "cannot commit: {} has other changes that are not committed",
                    printable(split(others, '\n').front(), 2000))
                  .with_hint("commit or stash them first"));
}

Status commit_pins(Context& context, const std::vector<run::PinReport>& reports, const PinCommit& commit) {
  const Words files = changed_files(context, reports);
  if (files.empty()) return {};
  const Repository repository = repository_of(context, files);
  if (commit.branch) SLIPWAY_TRY(repository.checked({"switch", "--quiet", "--create", *commit.branch}));
  SLIPWAY_TRY(repository.checked(with_files({"commit", "--quiet", "--only", "-m", pin_message(reports), "--"}, files)));
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
